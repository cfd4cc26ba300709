import EdgepipeONNX

/// Who makes and who reads what in a graph: the questions that passes ask.
extension OnnxModel {
  /// How often each tensor is read, by nodes, by graphs inside of nodes, or as an output of the model.
  func readCounts() -> [String: Int] {
    var counts: [String: Int] = [:]
    for node in proto.graph.node { for name in node.input { counts[name, default: 0] += 1 } }
    for name in namesReadInside() { counts[name, default: 0] += 1 }
    for output in proto.graph.output { counts[output.name, default: 0] += 1 }
    return counts
  }

  /// Tensors that passes must leave under their names: outputs, and what graphs inside of nodes (the branches of an If)
  /// may read.
  func fixedNames() -> Set<String> { namesReadInside().union(proto.graph.output.map(\.name)) }

  /// Every name that a graph inside of a node reads; a few may be its own.
  func namesReadInside() -> Set<String> {
    var names: Set<String> = []
    func collect(_ graph: Onnx_GraphProto) {
      names.formUnion(graph.output.map(\.name))
      for node in graph.node {
        names.formUnion(node.input)
        for attribute in node.attribute { attribute.innerGraphs.forEach(collect) }
      }
    }
    for node in proto.graph.node { for attribute in node.attribute { attribute.innerGraphs.forEach(collect) } }
    return names
  }

  /// Stored tensors by name.
  func storedTensors() -> [String: Onnx_TensorProto] {
    Dictionary(proto.graph.initializer.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The place of the node that makes each tensor.
  func makers() -> [String: Int] {
    var makers: [String: Int] = [:]
    for (index, node) in proto.graph.node.enumerated() { for output in node.output { makers[output] = index } }
    return makers
  }

  /// A name that nothing in the graph has yet.
  func unusedName(_ wanted: String) -> String {
    var taken = Set(proto.graph.initializer.map(\.name)).union(proto.graph.input.map(\.name))
    for node in proto.graph.node { taken.formUnion(node.output) }
    taken.formUnion(namesReadInside())
    var name = wanted, number = 2
    while taken.contains(name) {
      name = "\(wanted)_\(number)"
      number += 1
    }
    return name
  }

  /// Makes every node read other tensors; names that are not in the table stay. Chains are followed, circles are not.
  mutating func redirect(_ names: [String: String]) {
    guard !names.isEmpty else { return }
    for index in proto.graph.node.indices {
      for place in proto.graph.node[index].input.indices {
        var name = proto.graph.node[index].input[place]
        var steps = 0
        while let next = names[name], steps < names.count {
          name = next
          steps += 1
        }
        proto.graph.node[index].input[place] = name
      }
    }
  }

  mutating func removeNodes(at indices: Set<Int>) {
    guard !indices.isEmpty else { return }
    let nodes = proto.graph.node
    proto.graph.node = nodes.indices.filter { !indices.contains($0) }.map { nodes[$0] }
  }

  /// True for a model that chooses among its results, such as one with non-maximum suppression inside: its outputs
  /// jump where others change by a last bit.
  var choosesResults: Bool { proto.graph.node.contains { Self.choosing.contains($0.opType) } }

  private static let choosing: Set<String> = [
    "NonMaxSuppression", "TopK", "NonZero", "ArgMax", "ArgMin", "Unique", "Compress", "RoiAlign", "EfficientNMS_TRT",
    "BatchedNMS_TRT", "If", "Loop", "Scan",
  ]
}

extension Onnx_NodeProto {
  /// One of ONNX's own operators.
  var isStandard: Bool { OnnxOpset.isStandard(domain) }
}
