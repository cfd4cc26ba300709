import EdgepipeONNX

/// Turns `Constant` nodes into stored tensors, where other passes find them.
struct ConstantsToInitializers: GraphPass {
  let name = "constants"
  let isExact = true

  init() {}

  func apply(to model: inout OnnxModel) -> Int {
    let outputs = Set(model.proto.graph.output.map(\.name))
    var kept: [Onnx_NodeProto] = [], stored: [Onnx_TensorProto] = []
    for node in model.proto.graph.node {
      guard node.opType == "Constant", node.isStandard, let output = node.output.first, !outputs.contains(output),
        var tensor = Self.value(of: node)
      else {
        kept.append(node)
        continue
      }
      tensor.name = output
      stored.append(tensor)
    }
    model.proto.graph.node = kept
    model.proto.graph.initializer += stored
    return stored.count
  }

  /// Operator set 12 brought short forms beside the tensor.
  private static func value(of node: Onnx_NodeProto) -> Onnx_TensorProto? {
    if let value = node.attribute("value"), value.hasT { return value.t }
    if let value = node.attribute("value_float") { return .floats("", [], [value.f]) }
    if let value = node.attribute("value_floats") { return .floats("", [value.floats.count], value.floats) }
    if let value = node.attribute("value_ints") { return .integers("", value.ints.map { Int($0) }) }
    if let value = node.attribute("value_int") {
      var tensor = Onnx_TensorProto.integers("", [Int(value.i)])
      tensor.dims = []
      return tensor
    }
    return nil
  }
}
