import EdgepipeCore

/// Compares what the stages of a pipeline ask for by name with what the stages before them can give.
///
/// A label that no detector finds, a stream that no source has, a detector that no stage prepares pictures for: the run
/// would go well and never tell anything. What nobody can know beforehand (``StageInterface/Labels/any``) is not
/// complained of, and what may still come true is a warning.
struct InterfaceCheck {
  struct Member {
    let id: String
    let type: String
    let interface: StageInterface
    var workers = 1
    /// Of a source: the streams that it has from the start.
    var streams: [String] = []
    var hasReplacedInputs = false
    var requires: Set<StageRequirement> = []
  }

  /// What is wrong, at most ``ConfigErrors/limit``, and how much more.
  private(set) var errors: [StageFault] = []
  private(set) var omitted = 0
  private(set) var warnings: [StageFault] = []

  private let members: [Member]
  private let graph: Graph
  private let flow: LabelFlow
  /// Streams may be added while it runs.
  private let staysOpen: Bool

  /// - Parameter members: in the order of the graph's nodes.
  init(_ members: [Member], graph: Graph, staysOpen: Bool) {
    self.members = members
    self.graph = graph
    self.staysOpen = staysOpen
    flow = LabelFlow(members, graph: graph)
    for index in members.indices {
      checkPreparation(of: index)
      checkNeeds(of: index)
      checkOrder(of: index)
      for wish in members[index].interface.wishes { check(wish, of: index) }
    }
  }

  // MARK: - Names

  private mutating func check(_ wish: NameWish, of index: Int) {
    let known = known(wish.kind, at: index)
    guard let known else { return }
    for (place, name) in wish.names.enumerated() where name.spellings.isDisjoint(with: known) {
      // What is only counted needs no words, which take the most time.
      if errors.count >= ConfigErrors.limit {
        omitted += 1
        continue
      }
      let fault = StageFault(
        PipelineError(
          message(for: name, wish, at: index), remedy: remedy(for: name, wish, known: known, at: index),
          stage: members[index].id, code: .invalidConfiguration),
        key: "\(wish.key)[\(place)]")
      switch wish.kind {
      case .streams where mayStillCome(at: index): warn(fault)
      // Stages of others may name zones of their own.
      case .shapes: warn(fault)
      case .streams, .detectors, .foundLabels, .trackedLabels: errors.append(fault)
      }
    }
  }

  /// Nil where any name may be right, or where a name is not what is wrong.
  private func known(_ kind: NameWish.Kind, at index: Int) -> Set<String>? {
    switch kind {
    case .foundLabels: names(flow.found(at: index))
    // Without a tracker that is told, and the labels are compared with what is found.
    case .trackedLabels: names(flow.tracked(at: index) ?? flow.found(at: index))
    case .streams: Set(streams(at: index))
    case .detectors: Set(flow.detectors(before: index).map { members[$0].resultName })
    case .shapes: flow.before(index).reduce(into: []) { $0.formUnion(members[$1].interface.shapes) }
    }
  }

  private func names(_ labels: StageInterface.Labels) -> Set<String>? {
    if case .only(let names) = labels { names } else { nil }
  }

  private func streams(at index: Int) -> [String] {
    graph.nodes[index].sources.sorted().flatMap { members[$0].streams }
  }

  /// Whether a stream that is not there now may come to this stage in this run, or in another one of this file.
  private func mayStillCome(at index: Int) -> Bool {
    graph.nodes[index].sources.contains { source in
      switch members[source].interface.otherStreams {
      case .none: members[source].hasReplacedInputs
      case .joining: staysOpen || members[source].hasReplacedInputs
      case .listed: true
      }
    }
  }

  private mutating func warn(_ warning: StageFault) {
    if warnings.count < ConfigErrors.limit { warnings.append(warning) }
  }
}

// MARK: - Words

extension InterfaceCheck {
  private func message(for name: NameWish.Name, _ wish: NameWish, at index: Int) -> String {
    let shown = Quoted.text(name.written), id = "'\(members[index].id)'"
    let asker = wish.asker.map { ", as \($0) requires" } ?? ""
    switch wish.kind {
    case .streams: return "no stream \(shown) reaches \(id)" + asker
    case .detectors: return "no stage \(shown) before \(id) detects anything" + asker
    case .shapes: return "no stage before \(id) has a zone or line \(shown)" + asker
    case .trackedLabels where hides(name.spellings, at: index):
      return "no tracker before \(id) tracks \(shown)" + asker
    case .trackedLabels, .foundLabels: return "no stage before \(id) detects \(shown)" + asker
    }
  }

  /// Whether the label is found, and lost on its way through the trackers.
  private func hides(_ spellings: Set<String>, at index: Int) -> Bool {
    guard flow.tracked(at: index) != nil, case .only(let found) = flow.found(at: index) else {
      return flow.tracked(at: index) != nil
    }
    return !found.isDisjoint(with: spellings)
  }

  private func remedy(for name: NameWish.Name, _ wish: NameWish, known: Set<String>, at index: Int) -> String {
    let sorted = known.sorted()
    switch wish.kind {
    case .streams:
      return nearest(name.written, sorted) ?? "streams: \(Self.list(sorted))"
    case .shapes:
      return nearest(name.written, sorted) ?? "zones and lines: \(Self.list(sorted))"
    case .detectors:
      let others = flow.detectors(before: index).filter { members[$0].interface.refines == nil }.map { members[$0].id }
      return nearest(name.written, sorted)
        ?? (others.isEmpty ? "add a detect stage before it" : "stages that do: \(Self.list(others))")
    case .trackedLabels where hides(name.spellings, at: index):
      let trackers = flow.trackers(before: index).map { "'\(members[$0].id)'" }
      return "track it in \(trackers.prefix(3).joined(separator: " or ")), with 'labels' or 'stages'"
    case .trackedLabels, .foundLabels:
      let detectors = flow.detectors(before: index)
      if let filter = detectors.first(where: { !members[$0].interface.leavesOut.isDisjoint(with: name.spellings) }) {
        return "add it to the 'classes' of '\(members[filter].id)', which leaves it out"
      }
      if detectors.isEmpty { return "add a detect stage before it" }
      // What the model could find is meant as well as what it is asked for.
      let all = detectors.reduce(into: known) { $0.formUnion(members[$1].interface.leavesOut) }
      return nearest(name.written, all.sorted()) ?? "labels: \(Self.list(sorted))"
    }
  }

  private func nearest(_ name: String, _ known: [String]) -> String? {
    NearestName.suggestion(for: name, among: known).map { "did you mean '\(Quoted.plain($0))'?" }
  }

  private static func list(_ names: [String]) -> String {
    names.isEmpty
      ? "none" : names.prefix(20).map(Quoted.plain).joined(separator: ", ") + (names.count > 20 ? ", ..." : "")
  }
}

// MARK: - What a stage cannot work without

extension InterfaceCheck {
  /// Every source whose frames come to a stage must lead through one that prepares them for it.
  private mutating func checkPreparation(of index: Int) {
    let member = members[index]
    guard let type = member.interface.preparedBy else { return }
    let before = flow.before(index)
    let preparing = before.filter { members[$0].interface.prepares.contains(member.id) }
    let reached = preparing.reduce(into: Set<Int>()) { $0.formUnion(graph.nodes[$1].sources) }
    let missing = graph.nodes[index].sources.subtracting(reached).sorted()
    guard let first = missing.first, errors.count < ConfigErrors.limit else { return }
    let idle = before.filter {
      members[$0].type == type && !preparing.contains($0) && graph.nodes[$0].sources.contains(first)
    }
    let message =
      preparing.isEmpty
      ? "no \(type) prepares the input of '\(member.id)'"
      : "no \(type) prepares the frames of '\(members[first].id)' for '\(member.id)'"
    let remedy =
      idle.last.map { "add \"\(member.id)\" to the 'for' of '\(members[$0].id)'" }
      ?? "add one before it, with \"for\": [\"\(member.id)\"] in its config"
    errors.append(StageFault(PipelineError(message, remedy: remedy, stage: member.id, code: .invalidConfiguration)))
  }

  private mutating func checkOrder(of index: Int) {
    let member = members[index]
    guard let reason = member.interface.needsOrder, member.workers > 1, errors.count < ConfigErrors.limit else {
      return
    }
    errors.append(
      StageFault(
        PipelineError(
          "'\(member.id)' has \(member.workers) workers, but \(reason)", remedy: "give '\(member.id)' one worker",
          stage: member.id, code: .invalidConfiguration)))
  }

  private mutating func checkNeeds(of index: Int) {
    let member = members[index], interface = member.interface
    func warning(_ message: String, _ remedy: String) -> StageFault {
      StageFault(
        PipelineError(
          "'\(member.id)' uses " + message, remedy: remedy, stage: member.id, code: .invalidConfiguration))
    }
    if interface.needsDetections, flow.detectors(before: index).isEmpty {
      warn(warning("detections, but no stage before it detects anything", "add a detect stage before it"))
    } else if let follows = interface.follows, follows.labels == nil, follows.stages == nil,
      follows.select(from: flow.found(at: index)) == .only([])
    {
      let names = follows.except.sorted().map { "'\($0)'" }.joined(separator: ", ")
      warn(
        warning(
          "all detections except \(names), but no stage before it detects any others", "name \(names) in its 'labels'")
      )
    } else if interface.needsTracks, flow.trackers(before: index).isEmpty {
      warn(warning("tracks, but no tracker comes before it", "add a track stage between the detector and it"))
    }
  }
}
