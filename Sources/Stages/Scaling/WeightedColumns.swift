import CKernels
import EdgepipeCore

/// Scales rows along their width: sums of neighbours times weights, rounded to the 7 bits behind the point that they had.
@safe final class WeightedColumns {
  /// What weights add up to.
  private static let one = 1 << 14
  /// How many numbers may be read behind the end of a row; they do not count, having no weight.
  static let overhang = 64
  /// Columns come in groups of so many.
  static let group = 16

  /// Columns of the result, a multiple of ``group``. Those beyond the ones asked for are undefined.
  let count: Int
  /// Neighbours of each column, those without weight included.
  private let taps: Int
  private let firsts: ScalingMemory<Int32>
  private let weights: ScalingMemory<Int16>
  private let blocks: Blocks?
  private let instructions: InstructionSet

  /// How the kernel for AVX-512 picks the neighbours of several columns out of one register of 32 numbers.
  private struct Blocks {
    /// Where each register begins.
    var bases: ScalingMemory<Int32>
    /// The two bytes of each neighbour.
    var places: ScalingMemory<UInt8>
  }

  init(from source: Int, to target: Int, instructions: InstructionSet) {
    let filter = AxisFilter(from: source, to: target, one: Self.one)
    count = (target + Self.group - 1) / Self.group * Self.group
    let picks = instructions == .avx512 && filter.taps <= 8
    taps = picks && filter.taps <= 4 ? 4 : (filter.taps + 7) / 8 * 8
    firsts = ScalingMemory(count: count)
    weights = ScalingMemory(count: count * taps)
    self.instructions = instructions
    for index in 0..<count {
      let pixel = filter.pixels[min(index, target - 1)]
      unsafe firsts.start[index] = Int32(clamping: pixel.first)
      guard index < target else { continue }
      for (tap, weight) in pixel.weights.enumerated() {
        unsafe weights.start[index * taps + tap] = Int16(clamping: weight)
      }
    }
    blocks = picks ? Self.blocks(firsts, taps: taps) : nil
  }

  /// A column has at most `taps` neighbours, and the next one's begin at most taps - 1 later: those of 32 / taps columns
  /// lie within 32 numbers.
  private static func blocks(_ firsts: ScalingMemory<Int32>, taps: Int) -> Blocks {
    let columns = 32 / taps, count = firsts.count / columns
    let blocks = Blocks(bases: ScalingMemory(count: count), places: ScalingMemory(count: count * 64))
    for block in 0..<count {
      let base = unsafe firsts.start[block * columns]
      unsafe blocks.bases.start[block] = base
      for index in 0..<32 {
        let place = unsafe Int(firsts.start[block * columns + index / taps] - base) + index % taps
        unsafe blocks.places.start[block * 64 + 2 * index] = UInt8(clamping: 2 * place)
        unsafe blocks.places.start[block * 64 + 2 * index + 1] = UInt8(clamping: 2 * place + 1)
      }
    }
    return blocks
  }

  /// Makes ``count`` numbers of a row, behind which ``overhang`` more can be read.
  func apply(_ row: UnsafePointer<Int16>, to target: UnsafeMutablePointer<Int16>) {
    // SAFETY: neighbours lie within the row and its overhang; the target holds `count` numbers.
    #if arch(x86_64)
      if let blocks {
        return unsafe ek_weighted_columns_avx512(
          row, blocks.bases.start, blocks.places.start, weights.start, taps, target, count)
      }
      if instructions == .avx2 || instructions == .avx512 {
        return unsafe ek_weighted_columns_avx2(row, firsts.start, weights.start, taps, target, count)
      }
    #elseif arch(arm64)
      if instructions == .neon {
        return unsafe ek_weighted_columns_neon(row, firsts.start, weights.start, taps, target, count)
      }
    #endif
    for index in 0..<count {
      let from = unsafe row + Int(firsts.start[index]), of = unsafe weights.start + index &* taps
      var sum: Int32 = 1 << 13
      for tap in 0..<taps { unsafe sum &+= Int32(from[tap]) &* Int32(of[tap]) }
      unsafe target[index] = Int16(truncatingIfNeeded: sum >> 14)
    }
  }
}
