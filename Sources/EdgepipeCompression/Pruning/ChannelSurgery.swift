import EdgepipeONNX

/// Takes channels out of a model: rows and columns of weights, biases, and the numbers of `Slice` and `Split`.
struct ChannelSurgery {
  let graph: ChannelGraph
  /// Roots of the channels that go.
  let removed: Set<ChannelGraph.Channel>

  /// Places, in a list of channels, of those that stay.
  func kept(_ channels: [ChannelGraph.Channel]) -> [Int] {
    channels.indices.filter { !removed.contains(graph.root(channels[$0])) }
  }

  /// - Throws: a ``PipelineError`` for stored weights that cannot be read.
  func cut(_ model: inout OnnxModel) throws {
    let stored = model.storedTensors()
    model.replaceWeights(
      try graph.convolutions.compactMap { convolution in
        let outputs = kept(convolution.outputs), inputs = kept(convolution.inputs)
        guard outputs.count < convolution.outputs.count || inputs.count < convolution.inputs.count else { return nil }
        let whole = try convolution.node.weights(stored: stored, modelName: model.name)
        return (
          convolution.node,
          whole.selecting(outputs: outputs, inputs: convolution.node.isDepthwise ? nil : inputs)
        )
      })
    for cut in graph.cuts { renumber(cut, in: &model) }
    // Noted shapes of tensors in between are those of before.
    model.proto.graph.valueInfo = []
  }

  /// Ranges along the channels shrink by what went inside and before them.
  private func renumber(_ cut: ChannelGraph.Cut, in model: inout OnnxModel) {
    func count(_ range: Range<Int>) -> Int { kept(Array(cut.input[range])).count }
    let sizes = cut.ranges.map(count)
    if model.proto.graph.node[cut.node].opType == "Split" {
      replace(input: 1, of: cut.node, with: sizes, in: &model)
    } else if let range = cut.ranges.first {
      let start = count(0..<range.lowerBound)
      replace(input: 1, of: cut.node, with: [start], in: &model)
      replace(input: 2, of: cut.node, with: [start + sizes[0]], in: &model)
    }
  }

  /// Gives a node a constant of its own, since others may share the old one; older operator sets have an attribute.
  private func replace(input: Int, of node: Int, with values: [Int], in model: inout OnnxModel) {
    guard model.proto.graph.node[node].input.count > input else {
      model.proto.graph.node[node].attribute.removeAll { $0.name == "split" }
      return model.proto.graph.node[node].set("split", values)
    }
    let name = model.unusedName("\(model.proto.graph.node[node].output.first ?? "")/pruned_\(input)")
    model.proto.graph.initializer.append(.integers(name, values))
    model.proto.graph.node[node].input[input] = name
  }
}
