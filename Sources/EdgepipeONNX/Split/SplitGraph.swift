import EdgepipeCore

/// A graph as cutting sees it: which node makes and which reads each tensor, what depends on the inputs, and what the
/// outputs need.
///
/// What depends on stored tensors alone (a table that is computed, a shape that is put together) is never sent from one
/// part to another: each part that needs it gets the nodes that compute it.
package struct SplitGraph: Sendable {
  package let model: OnnxModel
  /// Of each node, what it and the graphs inside of it read of this graph.
  let reads: [[String]]
  /// The place of the node that makes a tensor.
  let makers: [String: Int]
  /// Names of stored tensors.
  let stored: Set<String>
  /// Inputs that a run gives, in order.
  package let inputs: [String]
  package let outputs: [String]
  /// Of each node, whether it computes from stored tensors alone, and the same in each run.
  let isFixed: [Bool]
  /// Of each node, whether an output needs it.
  let isLive: [Bool]

  /// - Throws: a ``PipelineError`` (`malformed`) when a node reads what nothing before it makes.
  package init(_ model: OnnxModel) throws {
    self.model = model
    let graph = model.proto.graph
    let stored = Set(graph.initializer.map(\.name)).union(graph.sparseInitializer.map(\.values.name))
    let inputs = graph.input.map(\.name).filter { !stored.contains($0) }
    var makers: [String: Int] = [:]
    var known = stored.union(inputs)
    var reads: [[String]] = [], isFixed: [Bool] = []
    for (index, node) in graph.node.enumerated() {
      for name in node.input where !name.isEmpty && !known.contains(name) {
        throw OnnxModel.unsound(
          model.name, "has the node \(node.label), which reads '\(Quoted.short(name))' before anything makes it")
      }
      let read = node.input.filter { !$0.isEmpty } + node.namesReadInside.filter { known.contains($0) }
      reads.append(read)
      let given = Set(inputs)
      isFixed.append(
        node.isReproducible && read.allSatisfy { name in makers[name].map { isFixed[$0] } ?? !given.contains(name) })
      for name in node.output where !name.isEmpty {
        guard makers.updateValue(index, forKey: name) == nil, known.insert(name).inserted else {
          throw OnnxModel.unsound(model.name, "makes the tensor '\(Quoted.short(name))' twice")
        }
      }
    }
    var isLive = [Bool](repeating: false, count: graph.node.count)
    for output in graph.output { if let maker = makers[output.name] { isLive[maker] = true } }
    for index in graph.node.indices.reversed() where isLive[index] {
      for name in reads[index] { if let maker = makers[name] { isLive[maker] = true } }
    }
    (self.stored, self.inputs, self.outputs) = (stored, inputs, graph.output.map(\.name))
    (self.makers, self.reads, self.isFixed, self.isLive) = (makers, reads, isFixed, isLive)
  }

  /// Whether a tensor is different from run to run, and so has to be sent to a part that reads it.
  func follows(_ name: String) -> Bool { makers[name].map { !isFixed[$0] } ?? !stored.contains(name) }

  /// The nodes, in order, that are assigned to parts: the others are copied, or left out since no output needs them.
  var steps: [Int] { model.proto.graph.node.indices.filter { isLive[$0] && !isFixed[$0] } }

  /// Every node that must run before all of `tensors` are there, those that are copied left out.
  func ancestors(of tensors: [String]) -> Set<Int> {
    var found: Set<Int> = []
    var open = tensors
    while let name = open.popLast() {
      guard let maker = makers[name], !isFixed[maker], found.insert(maker).inserted else { continue }
      open += reads[maker]
    }
    return found
  }

  /// The nodes that compute what `nodes` and `outputs` read of stored tensors alone.
  func fixedNodes(for nodes: [Int], outputs: [String]) -> Set<Int> {
    var found: Set<Int> = []
    var open = nodes.flatMap { reads[$0] } + outputs
    while let name = open.popLast() {
      guard let maker = makers[name], isFixed[maker], found.insert(maker).inserted else { continue }
      open += reads[maker]
    }
    return found
  }
}

extension Onnx_NodeProto {
  /// Every name that graphs inside of this node read; those that they make themselves are among them.
  var namesReadInside: [String] {
    attribute.flatMap(\.innerGraphs).flatMap { graph in
      graph.node.flatMap { $0.input.filter { !$0.isEmpty } + $0.namesReadInside } + graph.output.map(\.name)
    }
  }

  /// Every name of a tensor that graphs inside of this node make or hold.
  var namesMadeInside: [String] {
    attribute.flatMap(\.innerGraphs).flatMap { graph in
      graph.input.map(\.name) + graph.initializer.map(\.name)
        + graph.node.flatMap { $0.output.filter { !$0.isEmpty } + $0.namesMadeInside }
    }
  }

  private static let random: Set<String> = [
    "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli",
  ]

  /// Whether it gives the same for the same inputs, as far as is known: a copy of it then is as good as the original.
  fileprivate var isReproducible: Bool {
    OnnxOpset.isStandard(domain) && !Self.random.contains(opType) && attribute.allSatisfy(\.innerGraphs.isEmpty)
  }
}
