/// Removes nodes and stored tensors that no output depends on.
public struct DeadNodeElimination: GraphPass {
  public let name = "dead nodes"

  public init() {}

  public func apply(to model: inout OnnxModel) -> Int {
    var needed = Set(model.proto.graph.output.map(\.name))
    var kept: [Onnx_NodeProto] = []
    for node in model.proto.graph.node.reversed() where node.output.contains(where: needed.contains) {
      needed.formUnion(node.input)
      kept.append(node)
    }
    let before = model.proto.graph.node.count + model.proto.graph.initializer.count
    model.proto.graph.node = kept.reversed()
    model.proto.graph.initializer.removeAll { !needed.contains($0.name) }
    return before - model.proto.graph.node.count - model.proto.graph.initializer.count
  }
}
