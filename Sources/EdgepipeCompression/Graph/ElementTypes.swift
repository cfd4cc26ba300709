import EdgepipeONNX

/// The element types of a graph's tensors, as far as stored tensors, inputs and operators tell without running it.
struct ElementTypes {
  private var types: [String: Int32] = [:]

  init(_ graph: Onnx_GraphProto) {
    for value in graph.input + graph.valueInfo where value.type.tensorType.elemType != 0 {
      types[value.name] = value.type.tensorType.elemType
    }
    for tensor in graph.initializer { types[tensor.name] = tensor.dataType }
    for node in graph.node { add(node) }
  }

  subscript(name: String) -> Int32? { types[name] }

  private mutating func add(_ node: Onnx_NodeProto) {
    guard node.isStandard, let output = node.output.first, !output.isEmpty else { return }
    if Self.kept.contains(node.opType) {
      guard let type = node.input.first.flatMap({ types[$0] }) else { return }
      for output in node.output where node.opType == "Split" || output == node.output[0] { types[output] = type }
      return
    }
    switch node.opType {
    case "Shape", "Size", "NonZero", "ArgMax", "ArgMin": types[output] = OnnxElement.int64
    case "Cast": types[output] = Int32(clamping: node.integer("to", default: 0))
    case "Where": types[output] = node.input.count > 1 ? types[node.input[1]] : nil
    case "Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "Not", "And", "Or", "Xor":
      types[output] = OnnxElement.bool
    case "ConstantOfShape":
      let value = node.attribute("value")
      types[output] = value?.hasT == true ? value?.t.dataType : OnnxElement.float
    case "Constant": types[output] = node.attribute("value").flatMap { $0.hasT ? $0.t.dataType : nil }
    default: break
    }
  }

  /// Operators whose first output has the type of their first input.
  private static let kept: Set<String> = [
    "Abs", "Add", "AveragePool", "BatchNormalization", "Ceil", "Clip", "Concat", "Conv", "ConvTranspose", "Cos",
    "DepthToSpace", "Div", "Dropout", "Elu", "Erf", "Exp", "Expand", "Flatten", "Floor", "Gather", "GatherElements",
    "GatherND", "Gemm", "GlobalAveragePool", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "Log", "MatMul",
    "Max", "MaxPool", "Min", "Mod", "Mul", "Neg", "PRelu", "Pad", "Pow", "Range", "Reciprocal", "ReduceMax",
    "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "Relu", "Reshape", "Resize", "Round", "ScatterND", "Sigmoid",
    "Sign", "Sin", "Slice", "Softmax", "Softplus", "SpaceToDepth", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh",
    "Tile", "Transpose", "Trilu", "Unsqueeze", "Upsample",
  ]
}
