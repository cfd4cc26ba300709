import EdgepipeCore

/// The order and the links of a pipeline's stages, from their `after` lists.
struct Graph: Sendable {
  struct Node: Sendable {
    let id: String
    /// Indices of the stages that feed this one, in the order of `after`.
    fileprivate(set) var upstream: [Int] = []
    /// For each stage fed by this one: its index, and which of its links this is.
    fileprivate(set) var downstream: [(node: Int, link: Int)] = []
    /// Indices of the sources whose frames come through here.
    fileprivate(set) var sources: Set<Int> = []
  }

  private(set) var nodes: [Node]
  /// Indices so that every stage comes after those that feed it.
  let order: [Int]

  /// - Throws: a ``PipelineError`` for duplicate ids, unknown names and cycles.
  init(_ stages: [(id: String, after: [String])]) throws(PipelineError) {
    var index: [String: Int] = [:]
    for (position, stage) in stages.enumerated() {
      guard index.updateValue(position, forKey: stage.id) == nil else {
        throw PipelineError("two stages have the id '\(stage.id)'", code: .invalidConfiguration)
      }
    }
    var nodes = stages.map { Node(id: $0.id) }
    for (position, stage) in stages.enumerated() {
      for name in stage.after {
        guard let feeder = index[name] else {
          throw PipelineError(
            "stage '\(stage.id)' comes after '\(name)', which does not exist", code: .invalidConfiguration)
        }
        nodes[feeder].downstream.append((position, nodes[position].upstream.count))
        nodes[position].upstream.append(feeder)
      }
    }
    order = try Self.sorted(nodes)
    for position in order {
      if nodes[position].upstream.isEmpty { nodes[position].sources = [position] }
      for feeder in nodes[position].upstream { nodes[position].sources.formUnion(nodes[feeder].sources) }
    }
    self.nodes = nodes
  }

  /// Indices of all stages after `node`, directly or not, in graph order.
  func reachable(from node: Int) -> [Int] {
    var seen: Set<Int> = [node]
    for position in order where nodes[position].upstream.contains(where: seen.contains) { seen.insert(position) }
    return order.filter { seen.contains($0) && $0 != node }
  }

  /// The largest sum of the weights of the stages on one way through the graph.
  func heaviestWay(_ weight: (Int) -> Int) -> Int {
    var sums = [Int](repeating: 0, count: nodes.count)
    for node in order { sums[node] = weight(node) + (nodes[node].upstream.map { sums[$0] }.max() ?? 0) }
    return sums.max() ?? 0
  }

  /// Kahn's algorithm; ties keep the order of the file.
  private static func sorted(_ nodes: [Node]) throws(PipelineError) -> [Int] {
    var missing = nodes.map(\.upstream.count)
    var ready = nodes.indices.filter { missing[$0] == 0 }
    var order: [Int] = []
    while !ready.isEmpty {
      let node = ready.removeFirst()
      order.append(node)
      for (next, _) in nodes[node].downstream {
        missing[next] -= 1
        if missing[next] == 0 { ready.append(next) }
      }
    }
    guard order.count == nodes.count else {
      let looped = nodes.indices.filter { missing[$0] > 0 }.map { "'\(nodes[$0].id)'" }
      throw PipelineError("these stages form a cycle: \(looped.joined(separator: ", "))", code: .invalidConfiguration)
    }
    return order
  }
}
