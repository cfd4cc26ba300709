import Detectors
import EdgepipeCore
import EdgepipeONNX

extension GraphTensor {
  /// Numbers in 0...255 as a picture has them; integers are as small as that type holds.
  ///
  /// - Throws: a ``PipelineError`` (`unsupported`) for other types than float32, float16, uint8, int8, int32 and int64.
  init(random name: String, element: Int32, shape: [Int], seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let count = shape.reduce(1, *)
    let values = (0..<count).map { _ in random.next() >> 40 }
    switch element {
    case OnnxElement.float:
      self.init(name: name, shape: shape, floats: values.map { Float($0) / 65536 })
    case OnnxElement.uint8, OnnxElement.int8, OnnxElement.bool:
      let limit: UInt64 = element == OnnxElement.bool ? 2 : element == OnnxElement.int8 ? 128 : 256
      self.init(name: name, element: element, shape: shape, bytes: values.map { UInt8($0 % limit) })
    case OnnxElement.int32, OnnxElement.int64:
      let size = element == OnnxElement.int32 ? 4 : 8
      let bytes = values.flatMap { [UInt8($0 % 128)] + [UInt8](repeating: 0, count: size - 1) }
      self.init(name: name, element: element, shape: shape, bytes: bytes)
    case Int32(Onnx_TensorProto.DataType.float16.rawValue):
      // Halves of whole numbers up to 2047 are exact: here 0 to 255 by their bits.
      let halves = values.map { Float16Bits.of(UInt16($0 % 256)) }
      self.init(
        name: name, element: element, shape: shape,
        bytes: halves.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] })
    default:
      throw PipelineError(
        "the input '\(name)' has elements of type \(element), for which no numbers can be made up",
        remedy: "use --skip-check", code: .unsupported)
    }
  }
}

private enum Float16Bits {
  /// A whole number below 2048 in half precision.
  static func of(_ value: UInt16) -> UInt16 {
    guard value > 0 else { return 0 }
    let exponent = UInt16(15 - value.leadingZeroBitCount)
    return (exponent + 15) << 10 | (value << (10 - exponent)) & 0x3FF
  }
}
