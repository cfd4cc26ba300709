/// Cuts a planar picture of bytes into patches, channels last: what a first convolution reads, in order.
///
/// From 1 x C x H x W to 1 x h x w x K, where h = (H + top + bottom - patch) / stride + 1, w likewise, and
/// K = patch * patch * C rounded up to a multiple of four with zeros. Channel (c * patch + y) * patch + x of a place is the
/// byte of plane c at row y and column x of the patch; outside of the picture it is `fill[c]`. With patch = stride = 2
/// this is space-to-depth; with the first convolution's own kernel and stride, that convolution becomes a product of
/// matrices. Integer kernels are slow on three channels, whichever way, and fast on multiples of four.
///
/// Attributes: `patch`, `stride`, `pads` (top, left, bottom, right), `fill` (one byte a channel).
final class PixelPatches: OperatorKernel {
  static let name = "PixelPatches"
  static let inputs: [OperatorElement] = [.uint8]
  static let output = OperatorElement.uint8
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
      for tap in patch * patch * channels..<depth {
        for column in 0..<columns { unsafe line[column * depth + tap] = 0 }
      }
      for channel in 0..<channels {
        for y in 0..<patch {
          let run = unsafe line + (channel * patch + y) * patch
          let sourceRow = row * stride + y - pads[0]
          if (0..<height).contains(sourceRow) {
            let plane = unsafe source + (channel * height + sourceRow) * width
            unsafe cut(plane, width, fill[channel], into: run, columns, step: depth)
          } else {
            for column in 0..<columns { for x in 0..<patch { unsafe run[column * depth + x] = fill[channel] } }
          }
        }
      }
    }
  }

  /// One row of a plane as runs of `patch` bytes, a run for each column.
  @inline(__always)
  private func cut(
    _ plane: UnsafePointer<UInt8>, _ width: Int, _ fill: UInt8, into runs: UnsafeMutablePointer<UInt8>, _ columns: Int,
    step: Int
  ) {
    // Columns whose run lies inside the picture: 0 <= column * stride - left and the same + patch <= width.
    let left = pads[1], patch = patch, stride = stride
    let start = min(columns, (left + stride - 1) / stride)
    let end = width + left < patch ? start : max(start, min(columns, (width + left - patch) / stride + 1))
    // SAFETY: by the choice of start and end every byte read lies inside the row; the target holds a run for each column.
    unsafe copyRuns(plane + (start * stride - left), runs + start * step, step, columns: end - start)
    for edge in [0..<start, end..<columns] {
      for column in edge {
        for x in 0..<patch {
          let place = column * stride + x - left
          unsafe runs[column * step + x] = (0..<width).contains(place) ? plane[place] : fill
        }
      }
    }
  }

  @inline(__always)
  private func copyRuns(
    _ source: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>, _ step: Int, columns: Int
  ) {
    let patch = patch, stride = stride
    // SAFETY: the caller's promise: a run to read and a run to write for each column.
    var (from, to) = unsafe (UnsafeRawPointer(source), UnsafeMutableRawPointer(target))
    // Space-to-depth, the usual case, moves both bytes of a run at once.
    if patch == 2 {
      for _ in 0..<columns {
        unsafe to.storeBytes(of: from.loadUnaligned(as: UInt16.self), as: UInt16.self)
        unsafe from += stride
        unsafe to += step
      }
    } else {
      for x in 0..<patch {
        for column in 0..<columns {
          unsafe target[column &* step &+ x] = unsafe source[column &* stride &+ x]
        }
      }
    }
  }
}
