import EdgepipeONNX

/// A channels-last convolution of ONNX Runtime's own, with the constants that it reads.
struct QuantizedConvolution {
  let input: String, output: String
  /// The name of outputs x inputs / groups x height x width.
  let weights: String
  let shape: [Int]
  let groups: Int
  let strides: [Int], pads: [Int]
  /// The byte that stands for zero in the input.
  let zero: Int
  /// Output bytes a unit of the sum.
  let factors: [Float]
  /// With what the input's zero adds to every sum.
  let bias: [Int32]

  var outputs: Int { shape[0] }
  var isDepthwise: Bool { groups == outputs && shape[1] == 1 && groups > 1 }
  /// Kernels take four bytes at a time.
  var isPointwise: Bool {
    groups == 1 && shape.suffix(2) == [1, 1] && strides == [1, 1] && pads == [0, 0, 0, 0] && shape[1] % 4 == 0
  }

  /// Nil for other nodes, and for those whose numbers are not the constants that are looked for.
  init?(_ node: Onnx_NodeProto, _ stored: [String: Onnx_TensorProto]) {
    guard node.opType == "QLinearConv", node.domain == "com.microsoft", node.integer("channels_last", default: 0) == 1,
      node.input.count == 9, node.output.count == 1, node.integers("dilations") ?? [1, 1] == [1, 1],
      node.word("auto_pad", default: "NOTSET") == "NOTSET",
      let tensor = stored[node.input[3]], tensor.dataType == OnnxElement.int8, tensor.dims.count == 4,
      let inputScale = stored[node.input[1]]?.allFloats(), let scales = stored[node.input[4]]?.allFloats(),
      let outputScale = stored[node.input[6]]?.allFloats(), inputScale.count == 1, outputScale.count == 1,
      let inputZero = stored[node.input[2]], inputZero.dataType == OnnxElement.uint8, inputZero.rawData.count == 1,
      let outputZero = stored[node.input[7]], Array(outputZero.rawData) == [0],
      let weightZeros = stored[node.input[5]], weightZeros.dataType == OnnxElement.int8,
      !weightZeros.rawData.isEmpty, weightZeros.rawData.allSatisfy({ $0 == 0 }),
      let biasTensor = stored[node.input[8]], biasTensor.dataType == OnnxElement.int32
    else { return nil }
    let shape = tensor.dims.map { Int(clamping: $0) }, count = shape.reduce(1, *)
    let outputs = shape[0], depth = count / max(1, outputs)
    guard tensor.rawData.count == count, count > 0, scales.count == outputs || scales.count == 1,
      biasTensor.rawData.count == outputs * 4
    else { return nil }
    (input, output, weights, self.shape) = (node.input[0], node.output[0], node.input[3], shape)
    groups = node.integer("group", default: 1)
    strides = node.integers("strides") ?? [1, 1]
    pads = node.integers("pads") ?? [0, 0, 0, 0]
    guard strides.count == 2, pads.count == 4 else { return nil }
    let zero = Int(inputZero.rawData.first ?? 0)
    self.zero = zero
    factors = (0..<outputs).map { inputScale[0] * scales[scales.count == 1 ? 0 : $0] / outputScale[0] }
    let words = [UInt8](biasTensor.rawData), values = [UInt8](tensor.rawData)
    bias = (0..<outputs).map { number in
      let word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(words[number * 4 + $1]) << (8 * UInt32($1)) }
      let sum = values[number * depth..<(number + 1) * depth].reduce(0) { $0 + Int(Int8(bitPattern: $1)) }
      return Int32(clamping: Int(Int32(bitPattern: word)) - zero * sum)
    }
  }
}
