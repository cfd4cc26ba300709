import EdgepipeCore

/// A graph divided into parts that run one after the other: each node that depends on the inputs belongs to one part,
/// and reads what its own part or an earlier one makes.
package struct GraphSplit: Sendable {
  /// One of the parts: which nodes, and what goes in and out.
  package struct Part: Sendable, Equatable {
    /// Places of nodes in the whole graph, in order; nodes that depend on stored tensors alone may be in several parts.
    var nodes: [Int]
    /// What it takes: the model's inputs, and tensors of earlier parts.
    package var inputs: [String]
    /// What it gives: tensors that later parts read, and outputs of the model.
    package var outputs: [String]
  }

  package let graph: SplitGraph
  package let parts: [Part]

  /// - Parameters:
  ///   - assignment: the part of each of the graph's ``SplitGraph/steps``, in their order; never less than that of a
  ///     node that it reads from.
  ///   - count: of parts.
  init(_ graph: SplitGraph, assignment: [Int], count: Int) {
    self.graph = graph
    let steps = graph.steps
    var partOf: [Int: Int] = [:]
    for (step, part) in zip(steps, assignment) { partOf[step] = part }
    /// The part that a tensor comes from; nil for the model's own inputs.
    func origin(_ name: String) -> Int? { graph.makers[name].flatMap { partOf[$0] } }
    var inputs = [[String]](repeating: [], count: count), outputs = inputs
    var listed: Set<String> = []
    for (step, part) in zip(steps, assignment) {
      for name in graph.reads[step] where graph.follows(name) && origin(name) != part {
        if !inputs[part].contains(name) { inputs[part].append(name) }
        if let origin = origin(name), listed.insert(name).inserted { outputs[origin].append(name) }
      }
    }
    for name in graph.outputs {
      // An output that no node makes from the inputs comes with the last part.
      if listed.insert(name).inserted { outputs[origin(name) ?? count - 1].append(name) }
      if origin(name) == nil, graph.follows(name), !inputs[count - 1].contains(name) {
        inputs[count - 1].append(name)
      }
    }
    // The first part takes what the whole model takes, also what nothing reads.
    let read = Set(inputs.joined())
    inputs[0] += graph.inputs.filter { !read.contains($0) }
    parts = (0..<count).map { part in
      let own = zip(steps, assignment).filter { $0.1 == part }.map(\.0)
      let fixed = graph.fixedNodes(for: own, outputs: outputs[part])
      return Part(nodes: (own + fixed).sorted(), inputs: inputs[part], outputs: outputs[part])
    }
  }

  /// Divides a graph before and after some tensors: what these need comes first, all else later. With several cuts
  /// there is one part more than cuts.
  ///
  /// - Parameter cuts: in any order; each names the tensors of one cut. What else goes across is found out.
  /// - Throws: a ``PipelineError`` (`invalidArgument`) for a tensor at which there is nothing to cut.
  package init(_ graph: SplitGraph, at cuts: [[String]]) throws {
    for name in cuts.joined() { try graph.checkCut(name) }
    let steps = graph.steps
    let before = cuts.map { graph.ancestors(of: $0) }.sorted { $0.count < $1.count }
    // A cut begins where the one before it ends, also where neither holds all of the other.
    var done: Set<Int> = [], assigned: [Int: Int] = [:], count = 0
    for nodes in before {
      let new = nodes.subtracting(done)
      guard !new.isEmpty else { continue }
      for node in new { assigned[node] = count }
      done.formUnion(new)
      count += 1
    }
    guard steps.contains(where: { assigned[$0] == nil }) else {
      throw PipelineError(
        "nothing of the model comes after the cut at '\(cuts.joined().joined(separator: ", "))'",
        remedy: "cut at a tensor further up; '--list' prints the sensible ones", code: .invalidArgument)
    }
    self.init(graph, assignment: steps.map { assigned[$0] ?? count }, count: count + 1)
  }

  /// Tensors that go from one part to another, in the order of the graph.
  package var cutTensors: [String] {
    let made = Set(graph.inputs)
    var seen: Set<String> = []
    return parts.dropFirst().flatMap(\.inputs).filter { !made.contains($0) && seen.insert($0).inserted }
  }
}

extension SplitGraph {
  /// Refuses tensors at which a graph cannot be cut.
  ///
  /// - Throws: a ``PipelineError`` (`invalidArgument`) that says why and, for a name that is unknown, which is near it.
  package func checkCut(_ name: String) throws {
    let shown = Quoted.short(name)
    func refuse(_ reason: String, _ remedy: String) -> PipelineError {
      PipelineError(
        "cannot cut the model '\(model.name)' at '\(shown)': \(reason)", remedy: remedy, code: .invalidArgument)
    }
    let list = "'--list' prints the sensible cuts"
    if stored.contains(name) {
      throw refuse("it is a stored tensor (an initializer), which both sides can have", list)
    }
    if inputs.contains(name) { throw refuse("it is an input: nothing comes before it", list) }
    guard let maker = makers[name] else {
      if model.proto.graph.node.contains(where: { $0.namesMadeInside.contains(name) }) {
        throw refuse(
          "it lies in a graph inside of a node, such as the branch of an If", "cut before or after that node")
      }
      let guess = NearestName.suggestion(for: name, among: makers.keys.sorted()).map { "did you mean '\($0)'? " } ?? ""
      throw refuse("the graph has no such tensor", guess + list)
    }
    if isFixed[maker] { throw refuse("it is computed from stored tensors alone", list) }
    if !isLive[maker] { throw refuse("no output of the model needs it", list) }
  }
}
