/// Maximum pooling of a channels-last tensor of bytes: N x H x W x C to N x h x w x C, where
/// h = (H + top + bottom - window) / stride + 1, w likewise. What lies outside does not count.
///
/// First the rows of a window become one, then its columns: 2 x window comparisons a value instead of window x window, over
/// bytes that lie side by side.
///
/// Attributes: `window`, `stride`, `pads` (top, left, bottom, right; each smaller than the window).
final class ChannelsLastMaxPool: OperatorKernel {
  static let name = "ChannelsLastMaxPool"
  static let inputs: [OperatorElement] = [.uint8]
  static let output = OperatorElement.uint8
  static let worksInPlace = false

  private let window: Int, stride: Int
  private let pads: [Int]

  init(_ attributes: OperatorAttributes) throws {
    window = try attributes.integer("window")
    stride = try attributes.integer("stride")
    pads = try attributes.integers("pads")
    let window = window
    guard (1...64).contains(window), (1...64).contains(stride), pads.count == 4,
      pads.allSatisfy({ (0..<window).contains($0) })
    else { throw OperatorCall.wrong(Self.name, "window \(window), stride \(stride), pads \(pads)") }
  }

  func compute(_ call: OperatorCall) throws {
    let (shape, bytes) = try unsafe call.input(0)
    guard shape.count == 4 else { throw OperatorCall.wrong(Self.name, "the shape \(shape) is not N x H x W x C") }
    let height = shape[1], width = shape[2], channels = shape[3]
    let tall = height + pads[0] + pads[2], wide = width + pads[1] + pads[3]
    guard height > 0, width > 0, tall >= window, wide >= window else {
      throw OperatorCall.wrong(Self.name, "a window of \(window) over \(width)x\(height)")
    }
    let rows = (tall - window) / stride + 1, columns = (wide - window) / stride + 1
    let line = width * channels
    let target = try unsafe call.output([shape[0], rows, columns, channels]).assumingMemoryBound(to: UInt8.self)
    let source = unsafe bytes.assumingMemoryBound(to: UInt8.self)
    // SAFETY: `covered` keeps every row and column that is read inside the picture; the target holds shape[0] x rows x
    // columns x channels bytes, and `highest` one row of the source.
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: line) { buffer in
      guard let highest = buffer.baseAddress else { return }
      for row in 0..<shape[0] * rows {
        let picture = unsafe source + row / rows * height * line
        let inputRows = covered(row % rows, pad: pads[0], size: height)
        unsafe highest.update(from: picture + inputRows.lowerBound * line, count: line)
        for other in inputRows.dropFirst() { unsafe Self.raise(highest, picture + other * line, line) }
        for column in 0..<columns {
          let place = unsafe target + (row * columns + column) * channels
          let inputColumns = covered(column, pad: pads[1], size: width)
          unsafe place.update(from: highest + inputColumns.lowerBound * channels, count: channels)
          for other in inputColumns.dropFirst() { unsafe Self.raise(place, highest + other * channels, channels) }
        }
      }
    }
  }

  /// The places of the input that an output covers along one axis; never none, because a pad is smaller than the window.
  private func covered(_ index: Int, pad: Int, size: Int) -> Range<Int> {
    let start = index * stride - pad
    return max(0, start)..<min(size, start + window)
  }

  /// Each byte of `target` becomes the larger one of it and of the byte in `other`.
  @inline(__always)
  private static func raise(_ target: UnsafeMutablePointer<UInt8>, _ other: UnsafePointer<UInt8>, _ count: Int) {
    // SAFETY: the caller's promise: both hold `count` bytes.
    for index in 0..<count { unsafe target[index] = unsafe max(target[index], other[index]) }
  }
}
