/// Where a model leaves integers: channels-last bytes in, N x C x H x W floats out, `scale[c] * byte + offset[c]`.
///
/// Attributes: `scale` and `offset`, one number a channel.
final class DequantizeToPlanar: OperatorKernel {
  static let name = "DequantizeToPlanar"
  static let inputs: [OperatorElement] = [.uint8]
  static let output = OperatorElement.float32
  static let worksInPlace = false

  private let scale: [Float], offset: [Float]

  init(_ attributes: OperatorAttributes) throws {
    scale = try attributes.floats("scale")
    offset = try attributes.floats("offset")
    guard scale.count == offset.count else {
      throw OperatorCall.wrong(Self.name, "scales and offsets differ in number")
    }
  }

  func compute(_ call: OperatorCall) throws {
    let (shape, bytes) = try unsafe call.input(0)
    guard shape.count == 4, shape[3] == scale.count else {
      throw OperatorCall.wrong(Self.name, "the shape \(shape) is not N x H x W x \(scale.count)")
    }
    let channels = shape[3], places = shape[1] * shape[2]
    let target = try unsafe call.output([shape[0], channels, shape[1], shape[2]])
    // SAFETY: both hold batch x places x channels elements of their types.
    for picture in 0..<shape[0] {
      let source = unsafe bytes.assumingMemoryBound(to: UInt8.self) + picture * places * channels
      let planes = unsafe target.assumingMemoryBound(to: Float.self) + picture * places * channels
      for channel in 0..<channels {
        let plane = unsafe planes + channel * places, first = unsafe source + channel
        let factor = scale[channel], shift = offset[channel]
        for place in 0..<places { unsafe plane[place] = unsafe Float(first[place &* channels]) * factor + shift }
      }
    }
  }
}
