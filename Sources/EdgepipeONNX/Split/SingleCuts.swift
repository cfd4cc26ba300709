extension SplitGraph {
  /// For each step, how many tensors are made up to it, or come in, and are read after it or are outputs.
  func crossing(_ steps: [Int]) -> [Int] {
    openTensors(steps).map(\.count)
  }

  /// For each step, the tensors that are open after it.
  private func openTensors(_ steps: [Int]) -> [Set<String>] {
    var lastRead: [String: Int] = [:]
    for (place, step) in steps.enumerated() { for name in reads[step] where follows(name) { lastRead[name] = place } }
    for name in outputs { lastRead[name] = steps.count }
    var open = Set(inputs.filter { lastRead[$0] != nil }), result: [Set<String>] = []
    for (place, step) in steps.enumerated() {
      for name in model.proto.graph.node[step].output where lastRead[name] != nil { open.insert(name) }
      for name in reads[step] where lastRead[name] == place { open.remove(name) }
      result.append(open)
    }
    return result
  }

  /// Tensors that everything goes through: what comes before one and what comes after it share nothing else. In the
  /// order of the graph.
  ///
  /// Every node that an output needs lies either before or after such a tensor, so that it is alone between those two
  /// in each order of the nodes, also in that of the file.
  package var singleCuts: [String] {
    openTensors(steps).dropLast().compactMap { $0.count == 1 ? $0.first : nil }.filter { makers[$0] != nil }.reduce(
      into: []
    ) { if $0.last != $1 { $0.append($1) } }
  }

  private static let pointwise: Set<String> = [
    "Relu", "LeakyRelu", "PRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Mish", "Elu", "Selu", "Softplus",
    "Clip", "BatchNormalization", "Identity", "Dropout", "Mul", "Add", "Gelu", "Erf", "Div", "Sub",
  ]

  /// Of ``singleCuts`` those that are not followed by another one of the same size, which an activation or a
  /// normalization makes of it: there the second is as cheap to send, and has fewer values that matter.
  package var sensibleCuts: [String] {
    let cuts = singleCuts
    return zip(cuts, cuts.dropFirst().map { Optional($0) } + [nil]).filter { cut, next in
      guard let next else { return true }
      let between = ancestors(of: [next]).subtracting(ancestors(of: [cut]))
      return !between.allSatisfy { Self.pointwise.contains(model.proto.graph.node[$0].opType) }
    }.map(\.0)
  }
}
