import EdgepipeONNX

/// Moves an activation of concatenated convolutions before the concatenation, where the engine does it while it stores
/// the sums. The same function of the same numbers.
struct ActivationBeforeConcatenation: GraphPass {
  let name = "activations before concatenations"
  let isExact = true

  init() {}

  func apply(to model: inout OnnxModel) -> Int {
    let counts = model.readCounts(), makers = model.makers()
    var removed: Set<Int> = [], moved: [Int: Onnx_NodeProto] = [:]
    for (index, node) in model.proto.graph.node.enumerated() {
      guard node.isStandard, ["Relu", "LeakyRelu", "Sigmoid"].contains(node.opType), node.output.count == 1,
        let joined = node.input.first, counts[joined] == 1, let place = makers[joined]
      else { continue }
      let concatenation = model.proto.graph.node[place]
      guard concatenation.isStandard, concatenation.opType == "Concat",
        Set(concatenation.input).count == concatenation.input.count,
        concatenation.input.allSatisfy({ name in
          guard counts[name] == 1, let maker = makers[name] else { return false }
          return model.proto.graph.node[maker].opType == "Conv" && model.proto.graph.node[maker].isStandard
        })
      else { continue }
      for (part, name) in concatenation.input.enumerated() {
        guard let maker = makers[name] else { continue }
        var activation = node
        activation.input = [name]
        activation.output = [model.unusedName("\(name)_active")]
        activation.name = activation.output[0]
        moved[maker] = activation
        model.proto.graph.node[place].input[part] = activation.output[0]
      }
      model.proto.graph.node[place].output = node.output
      removed.insert(index)
    }
    guard !removed.isEmpty else { return 0 }
    let nodes = model.proto.graph.node
    model.proto.graph.node = nodes.indices.filter { !removed.contains($0) }.flatMap { index in
      [nodes[index]] + (moved[index].map { [$0] } ?? [])
    }
    return removed.count
  }
}
