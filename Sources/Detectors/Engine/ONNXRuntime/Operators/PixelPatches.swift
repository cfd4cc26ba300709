/// Cuts a planar picture of bytes into patches, channels last: what a first convolution reads, in order.
///
/// From 1 x C x H x W to 1 x h x w x K, where h = (H + top + bottom - patch) / stride + 1, w likewise, and
/// K = patch * patch * C rounded up to a multiple of four with zeros. Channel (y * patch + x) * C + c of a place is the
/// byte of plane c at row y and column x of the patch; outside of the picture it is `fill[c]`. With patch = stride = 2
/// this is space-to-depth; with the first convolution's own kernel and stride, that convolution becomes a product of
/// matrices. Integer kernels are slow on three channels, whichever way, and fast on multiples of four.
///
/// Attributes: `patch`, `stride`, `pads` (top, left, bottom, right), `fill` (one byte a channel).
final class PixelPatches: OperatorKernel {
  static let name = "PixelPatches"
  static let inputs: [TensorElement] = [.uint8]
  static let output = TensorElement.uint8
  static let worksInPlace = false

  private let patch: Int, stride: Int
  private let pads: [Int]
  private let fill: [UInt8]

  init(_ attributes: OperatorAttributes) throws {
    patch = try attributes.integer("patch")
    stride = try attributes.integer("stride")
    pads = try attributes.integers("pads")
    let bytes = try attributes.integers("fill")
    guard (1...16).contains(patch), (1...16).contains(stride), pads.count == 4,
      pads.allSatisfy({ (0...64).contains($0) }), bytes.allSatisfy({ (0...255).contains($0) })
    else { throw OperatorCall.wrong(Self.name, "patch \(patch), stride \(stride), pads \(pads), fill \(bytes)") }
    fill = bytes.map { UInt8($0) }
  }

  func compute(_ call: OperatorCall) throws {
    let (shape, bytes) = try unsafe call.input(0)
    guard shape.count == 4, shape[0] == 1, shape[1] == fill.count else {
      throw OperatorCall.wrong(Self.name, "the shape \(shape) is not 1 x \(fill.count) x H x W")
    }
    let channels = shape[1], height = shape[2], width = shape[3]
    let tall = height + pads[0] + pads[2], wide = width + pads[1] + pads[3]
    guard tall >= patch, wide >= patch else { throw OperatorCall.wrong(Self.name, "a picture of \(width)x\(height)") }
    let rows = (tall - patch) / stride + 1, columns = (wide - patch) / stride + 1
    let depth = (patch * patch * channels + 3) / 4 * 4
    let target = try unsafe call.output([1, rows, columns, depth]).assumingMemoryBound(to: UInt8.self)
    let source = unsafe bytes.assumingMemoryBound(to: UInt8.self)
    for row in 0..<rows {
      // SAFETY: the target holds rows x columns x depth bytes.
      let line = unsafe target + row * columns * depth
      for tap in 0..<depth {
        let channel = tap % channels, x = tap / channels % patch, y = tap / channels / patch
        let outside = y < patch ? fill[channel] : 0
        let sourceRow = row * stride + y - pads[0]
        let first = x - pads[1]
        // Columns whose byte lies inside the picture: 0 <= first + column * stride < width.
        let isInside = y < patch && sourceRow >= 0 && sourceRow < height
        let start = isInside ? min(columns, max(0, (stride - 1 - first) / stride)) : columns
        let end = isInside ? max(start, min(columns, (width - first + stride - 1) / stride)) : columns
        for column in 0..<start { unsafe line[column * depth + tap] = outside }
        if start < end {
          // SAFETY: sourceRow and every column read lie inside the plane, by the choice of start and end.
          let plane = unsafe source + (channel * height + sourceRow) * width + first
          for column in start..<end { unsafe line[column &* depth &+ tap] = unsafe plane[column &* stride] }
        }
        for column in end..<columns { unsafe line[column * depth + tap] = outside }
      }
    }
  }
}
