/// Turns `Constant` nodes into stored tensors, where other passes find them.
public struct ConstantsToInitializers: GraphPass {
  public let name = "constants"

  public init() {}

  public func apply(to model: inout OnnxModel) -> Int {
    var kept: [Onnx_NodeProto] = [], stored: [Onnx_TensorProto] = []
    for node in model.proto.graph.node {
      guard node.opType == "Constant", let output = node.output.first, var tensor = node.attribute("value")?.t,
        node.attribute("value")?.hasT == true
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
}
