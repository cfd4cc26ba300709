import EdgepipeONNX

/// Removes nodes and stored tensors that no output depends on.
struct DeadNodeElimination: GraphPass {
  let name = "dead nodes"
  let isExact = true

  init() {}

  func apply(to model: inout OnnxModel) -> Int {
    var needed = model.fixedNames()
    var kept: [Onnx_NodeProto] = []
    for node in model.proto.graph.node.reversed() where node.output.contains(where: needed.contains) {
      needed.formUnion(node.input)
      kept.append(node)
    }
    let before = model.proto.graph.node.count + model.proto.graph.initializer.count
    model.proto.graph.node = kept.reversed()
    let unneeded = Set(model.proto.graph.initializer.map(\.name)).subtracting(needed)
    model.proto.graph.initializer.removeAll { unneeded.contains($0.name) }
    // One that was also an input would become an input that every run has to give.
    model.proto.graph.input.removeAll { unneeded.contains($0.name) }
    return before - model.proto.graph.node.count - model.proto.graph.initializer.count
  }
}
