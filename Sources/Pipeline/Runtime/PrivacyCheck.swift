import EdgepipeCore

/// Finds ways on which pictures come to a stage without going through one that hides what must not be seen.
struct PrivacyCheck {
  private let members: [InterfaceCheck.Member]
  private let graph: Graph

  /// - Parameter members: in the order of the graph's nodes.
  init(_ members: [InterfaceCheck.Member], graph: Graph) { (self.members, self.graph) = (members, graph) }

  /// The stages to which only anonymized pictures come, and which copy none from the cameras themselves.
  var anonymized: Set<Int> {
    Set(members.indices.filter { !members[$0].interface.copiesPackets && openWay(to: $0) == nil })
  }

  /// What is wrong with stages that require anonymized pictures.
  var errors: [StageFault] {
    members.indices.filter { members[$0].requires.contains(.anonymized) }.compactMap { index in
      fault(of: index).map { StageFault($0) }
    }
  }

  private func fault(of index: Int) -> PipelineError? {
    let member = members[index]
    if member.interface.copiesPackets {
      return error(
        "'\(member.id)' requires anonymized pictures, but \(member.type) copies what the camera sends, in which nothing "
          + "is hidden",
        remedy: hider.map { "record with a sink.video after '\($0)'" }
          ?? "record with a sink.video after \(Self.adding)",
        of: member)
    }
    // What is prepared for it shows the picture as well.
    let preparing = graph.nodes.indices.filter { members[$0].interface.prepares.contains(member.id) }
    for target in [index] + preparing {
      guard let way = openWay(to: target) else { continue }
      let names = (way + (target == index ? [] : [index])).map { members[$0].id }.joined(separator: " -> ")
      return error(
        "'\(member.id)' requires anonymized pictures, but on this way nothing is hidden in them: \(names)",
        remedy: hider.map { "let the way lead through '\($0)'" } ?? "put \(Self.adding) in the way", of: member)
    }
    return nil
  }

  private static let adding = "a privacy.anonymize"

  private var hider: String? { members.first { $0.interface.anonymizes }?.id }

  private func error(_ message: String, remedy: String, of member: InterfaceCheck.Member) -> PipelineError {
    PipelineError(message, remedy: remedy, stage: member.id, code: .invalidConfiguration)
  }

  /// A way from a source to a stage on which nothing is hidden, both included; nil where there is none. A source has only
  /// its own pictures.
  private func openWay(to index: Int) -> [Int]? {
    var ways: [[Int]] = [[index]], seen: Set<Int> = [index]
    while !ways.isEmpty {
      let way = ways.removeFirst()
      let feeders = graph.nodes[way[0]].upstream
      if feeders.isEmpty { return way }
      for feeder in feeders where !members[feeder].interface.anonymizes && seen.insert(feeder).inserted {
        ways.append([feeder] + way)
      }
    }
    return nil
  }
}
