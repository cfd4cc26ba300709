import CKernels
import EdgepipeCore

/// Scales a plane along its height, a row at a time: sums of rows of bytes times weights, with 7 bits behind the point.
@safe final class WeightedRows {
  /// What weights add up to; a sole one is one less, for the sake of 16 bits.
  private static let one = 1 << 16

  /// The most rows that one row is made of.
  let taps: Int
  private let firsts: [Int]
  private let counts: [Int]
  private let weights: ScalingMemory<UInt16>
  // SAFETY: room for `taps` pointers, which are written before they are read; freed in deinit.
  private let rows: UnsafeMutablePointer<UnsafePointer<UInt8>?>
  private let instructions: InstructionSet

  init(from source: Int, to target: Int, instructions: InstructionSet) {
    let filter = AxisFilter(from: source, to: target, one: Self.one)
    self.instructions = instructions
    taps = filter.taps
    firsts = filter.pixels.map(\.first)
    counts = filter.pixels.map(\.weights.count)
    weights = ScalingMemory(count: target * taps)
    unsafe rows = .allocate(capacity: taps)
    unsafe rows.initialize(repeating: nil, count: taps)
    for (index, pixel) in filter.pixels.enumerated() {
      for (tap, weight) in pixel.weights.enumerated() {
        unsafe weights.start[index * taps + tap] = UInt16(clamping: weight)
      }
    }
  }

  deinit { unsafe rows.deallocate() }

  /// Row `index` of the result, of `width` numbers.
  ///
  /// - Parameters:
  ///   - plane: the first of as many rows as this was made for, each of `width` bytes (or pairs of bytes).
  ///   - stride: bytes from one row to the next.
  ///   - second: for rows whose bytes belong to two planes in turn, where the second one goes.
  func row(
    _ index: Int, of plane: UnsafePointer<UInt8>, stride: Int, width: Int, to target: UnsafeMutablePointer<Int16>,
    and second: UnsafeMutablePointer<Int16>? = nil
  ) {
    let count = counts[index], first = firsts[index]
    // SAFETY: a row's neighbours lie within the plane, and their weights among those of `target` rows.
    let ofRow = unsafe weights.start + index * taps
    for tap in 0..<count { unsafe rows[tap] = plane + (first + tap) * stride }
    #if arch(x86_64)
      if instructions == .avx512 {
        guard let second = unsafe second else {
          return unsafe ek_weighted_rows_avx512(rows, ofRow, count, target, width)
        }
        return unsafe ek_weighted_paired_rows_avx512(rows, ofRow, count, target, second, width)
      }
      if instructions == .avx2 {
        guard let second = unsafe second else {
          return unsafe ek_weighted_rows_avx2(rows, ofRow, count, target, width)
        }
        return unsafe ek_weighted_paired_rows_avx2(rows, ofRow, count, target, second, width)
      }
    #elseif arch(arm64)
      if instructions == .neon {
        guard let second = unsafe second else {
          return unsafe ek_weighted_rows_neon(rows, ofRow, count, target, width)
        }
        return unsafe ek_weighted_paired_rows_neon(rows, ofRow, count, target, second, width)
      }
    #endif
    guard let second = unsafe second else { return unsafe sum(ofRow, count, from: 0, step: 1, width, to: target) }
    unsafe sum(ofRow, count, from: 0, step: 2, width, to: target)
    unsafe sum(ofRow, count, from: 1, step: 2, width, to: second)
  }

  /// Every product loses its lower byte, as those of 16 bits do in a register; half of that is added for all of them.
  private func sum(
    _ weights: UnsafePointer<UInt16>, _ count: Int, from offset: Int, step: Int, _ width: Int,
    to target: UnsafeMutablePointer<Int16>
  ) {
    // SAFETY: every access lies within `width` numbers of the target, or bytes or pairs of bytes of a row.
    for x in 0..<width { unsafe target[x] = Int16(truncatingIfNeeded: count / 2) }
    for tap in 0..<count {
      guard let row = unsafe rows[tap] else { continue }
      let weight = unsafe UInt32(weights[tap])
      for x in 0..<width {
        unsafe target[x] &+= Int16(truncatingIfNeeded: (UInt32(row[offset &+ x &* step]) &* weight) >> 8)
      }
    }
    for x in 0..<width {
      unsafe target[x] = Int16(truncatingIfNeeded: (UInt32(UInt16(bitPattern: target[x])) &+ 1) >> 1)
    }
  }
}
