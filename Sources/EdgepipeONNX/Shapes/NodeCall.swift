import Foundation

/// One operator with what is known of its inputs.
struct NodeCall {
  let node: Onnx_NodeProto
  let inputs: [TensorFacts?]
  let opset: Int

  private static let elementwise: Set<String> = [
    "Relu", "LeakyRelu", "PRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Mish", "Elu", "Selu", "Softplus",
    "Softsign", "Clip", "Exp", "Log", "Sqrt", "Neg", "Abs", "Floor", "Ceil", "Round", "Reciprocal", "Identity",
    "Dropout", "BatchNormalization", "InstanceNormalization", "LRN", "Softmax", "LogSoftmax", "Erf", "Gelu", "Not",
    "QuantizeLinear", "DequantizeLinear",
  ]
  private static let broadcasting: Set<String> = [
    "Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mean", "Sum", "Where", "Equal", "Greater", "Less", "And", "Or",
  ]

  func outputs() throws(SizeIsFixed) -> [TensorFacts] {
    guard node.domain.isEmpty || node.domain == "ai.onnx" else { return try unknown() }
    if let value = try shapeArithmetic() { return [value] }
    if Self.elementwise.contains(node.opType) { return [TensorFacts(shape: try shape(0))] }
    if Self.broadcasting.contains(node.opType) {
      var result = try shape(0)
      for index in inputs.indices.dropFirst() { result = try broadcast(result, shape(index), at: node.label) }
      return [TensorFacts(shape: result)]
    }
    switch node.opType {
    case "Conv": return [TensorFacts(shape: try convolution())]
    case "ConvTranspose": return [TensorFacts(shape: try transposedConvolution())]
    case "MaxPool", "AveragePool":
      return [TensorFacts(shape: try window(channels: shape(0).dropFirst().first ?? Dimension(0), kernel: nil))]
    case "GlobalAveragePool", "GlobalMaxPool":
      return [TensorFacts(shape: try shape(0).enumerated().map { $0 < 2 ? $1 : Dimension(1) })]
    case "Concat": return [TensorFacts(shape: try concatenation())]
    case "Transpose": return [TensorFacts(shape: try transposition())]
    case "Reshape": return [TensorFacts(shape: try reshape())]
    case "Flatten": return [TensorFacts(shape: try flatten())]
    case "Slice": return [TensorFacts(shape: try slice())]
    case "Split": return try split()
    case "Resize", "Upsample": return [TensorFacts(shape: try resize())]
    case "Squeeze", "Unsqueeze": return [TensorFacts(shape: try squeeze())]
    case "Cast": return [TensorFacts(shape: try shape(0))]
    case "SpaceToDepth", "DepthToSpace": return [TensorFacts(shape: try blocks())]
    case "Constant":
      guard let tensor = node.attribute("value")?.t else { return try unknown() }
      return [ShapeFlow.constant(tensor)]
    default: return try unknown()
    }
  }

  /// An operator that is not known here is fine as long as it never sees the picture.
  private func unknown() throws(SizeIsFixed) -> [TensorFacts] {
    throw SizeIsFixed("\(node.label) is an operator whose behaviour at other sizes is not known")
  }

  func shape(_ index: Int) throws(SizeIsFixed) -> [Dimension] {
    guard index < inputs.count, let facts = inputs[index] else { throw SizeIsFixed("\(node.label) lacks an input") }
    return facts.shape
  }

  /// The values of a constant input or, in older operator sets, of the attribute that it replaced.
  func numbers(_ index: Int, attribute: String) throws(SizeIsFixed) -> [Int]? {
    if let old = node.integers(attribute) { return old }
    guard index < inputs.count, let facts = inputs[index] else { return nil }
    guard let values = facts.values, !values.contains(where: \.follows) else {
      throw SizeIsFixed("\(node.label) computes its '\(attribute)'")
    }
    return values.map(\.size)
  }

  /// An axis counted from the front.
  func axis(_ value: Int, rank: Int) throws(SizeIsFixed) -> Int {
    let axis = value < 0 && value >= -rank ? value + rank : value
    guard (0..<rank).contains(axis) else { throw SizeIsFixed("\(node.label) has axis \(value) of \(rank)") }
    return axis
  }
}
