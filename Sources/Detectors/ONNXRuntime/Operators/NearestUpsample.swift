/// Repeats every place of a channels-last tensor of bytes `factor` times in both directions.
///
/// Attribute: `factor`.
final class NearestUpsample: OperatorKernel {
  static let name = "NearestUpsample"
  static let inputs: [OperatorElement] = [.uint8]
  static let output = OperatorElement.uint8
  static let worksInPlace = false

  private let factor: Int

  init(_ attributes: OperatorAttributes) throws {
    factor = try attributes.integer("factor")
    guard (1...16).contains(factor) else { throw OperatorCall.wrong(Self.name, "factor \(factor)") }
  }

  func compute(_ call: OperatorCall) throws {
    let (shape, bytes) = try unsafe call.input(0)
    guard shape.count == 4 else { throw OperatorCall.wrong(Self.name, "the shape \(shape) is not N x H x W x C") }
    let channels = shape[3], width = shape[2], rows = shape[0] * shape[1]
    let target = try unsafe call.output([shape[0], shape[1] * factor, width * factor, channels])
    let line = width * factor * channels
    // SAFETY: the source holds rows x width x channels bytes, the target factor times as many in both directions.
    for row in 0..<rows {
      let start = unsafe target + row * factor * line
      for column in 0..<width {
        let place = unsafe bytes + (row * width + column) * channels
        for copy in 0..<factor {
          unsafe (start + (column * factor + copy) * channels).copyMemory(from: place, byteCount: channels)
        }
      }
      for copy in 1..<max(1, factor) { unsafe (start + copy * line).copyMemory(from: start, byteCount: line) }
    }
  }
}
