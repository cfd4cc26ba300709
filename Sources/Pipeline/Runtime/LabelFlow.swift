/// Which detections and tracks can come to each stage of a graph.
struct LabelFlow {
  private let members: [InterfaceCheck.Member]
  /// For each stage the stages before it, in the order of the graph.
  private var ancestors: [[Int]]

  init(_ members: [InterfaceCheck.Member], graph: Graph) {
    self.members = members
    var position = [Int](repeating: 0, count: graph.nodes.count)
    for (place, node) in graph.order.enumerated() { position[node] = place }
    var sets = [Set<Int>](repeating: [], count: graph.nodes.count)
    for node in graph.order {
      for feeder in graph.nodes[node].upstream { sets[node].formUnion(sets[feeder].union([feeder])) }
    }
    ancestors = sets.map { $0.sorted { position[$0] < position[$1] } }
  }

  func before(_ index: Int) -> [Int] { ancestors[index] }

  func detectors(before index: Int) -> [Int] { ancestors[index].filter { members[$0].interface.finds != nil } }

  func trackers(before index: Int) -> [Int] { ancestors[index].filter { members[$0].interface.follows != nil } }

  /// The labels of all detections that can come to a stage.
  func found(at index: Int) -> StageInterface.Labels { labels(of: detectors(before: index)) }

  /// The labels of the detections among them that a tracker follows; nil where there is no tracker.
  func tracked(at index: Int) -> StageInterface.Labels? {
    let trackers = trackers(before: index)
    guard !trackers.isEmpty else { return nil }
    return trackers.reduce(.only([])) { all, tracker in
      guard let follows = members[tracker].interface.follows else { return all }
      let detectors = detectors(before: tracker).filter { follows.stages?.contains(members[$0].resultName) ?? true }
      return all.union(follows.select(from: labels(of: detectors)))
    }
  }

  private func labels(of detectors: [Int]) -> StageInterface.Labels {
    detectors.reduce(.only([])) { $0.union(members[$1].interface.finds ?? .only([])) }
  }
}

extension InterfaceCheck.Member {
  /// The name that its results have.
  var resultName: String { interface.refines ?? id }
}

extension StageInterface.Labels {
  func union(_ other: Self) -> Self {
    guard case .only(let mine) = self, case .only(let others) = other else { return .any }
    return .only(mine.union(others))
  }
}

extension StageInterface.Following {
  /// The labels of what is followed, of detections with these labels.
  func select(from found: StageInterface.Labels) -> StageInterface.Labels {
    switch (found, labels) {
    case (.any, let labels?): .only(labels.reduce(into: []) { $0.formUnion($1) })
    case (.any, nil): .any
    // A label that is not found is told of by itself; what was meant may be any.
    case (.only(let found), let labels?):
      labels.contains { $0.isDisjoint(with: found) }
        ? .any : .only(labels.reduce(into: []) { $0.formUnion($1.intersection(found)) })
    case (.only(let found), nil): .only(found.subtracting(except))
    }
  }
}
