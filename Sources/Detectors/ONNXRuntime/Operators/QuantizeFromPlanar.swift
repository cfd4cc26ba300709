/// Where a model enters integers: N x C x H x W floats in, channels-last bytes out,
/// `value / scale[c] + zero[c]`, rounded and kept within 0...255.
///
/// Attributes: `scale` (positive) and `zero`, one number a channel.
final class QuantizeFromPlanar: OperatorKernel {
  static let name = "QuantizeFromPlanar"
  static let inputs: [OperatorElement] = [.float32]
  static let output = OperatorElement.uint8
  static let worksInPlace = false

  private let quantizer: PlanarQuantizer

  init(_ attributes: OperatorAttributes) throws {
    quantizer = try PlanarQuantizer(attributes, of: Self.name)
  }

  func compute(_ call: OperatorCall) throws {
    let (shape, bytes) = try unsafe call.input(0)
    guard shape.count == 4, shape[1] == quantizer.factor.count else {
      throw OperatorCall.wrong(Self.name, "the shape \(shape) is not N x \(quantizer.factor.count) x H x W")
    }
    let channels = shape[1], places = shape[2] * shape[3]
    let target = try unsafe call.output([shape[0], shape[2], shape[3], channels]).assumingMemoryBound(to: UInt8.self)
    let source = unsafe bytes.assumingMemoryBound(to: Float.self)
    // SAFETY: both hold batch x places x channels elements of their types.
    for picture in 0..<shape[0] {
      let first = picture * places * channels
      unsafe quantizer.apply(source + first, to: target + first, places: places)
    }
  }
}
