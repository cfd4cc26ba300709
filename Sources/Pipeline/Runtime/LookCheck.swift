import EdgepipeCore

/// Compares how often detectors look with how long a stage that hides what they find keeps frames back and remembers.
///
/// A detector that looks at one frame in n leaves n - 1 frames in which something new can be. Those that the stage still holds
/// when the next look comes are hidden; more are shown. Frames whose last look is longer ago than the memory are hidden whole.
struct LookCheck {
  private(set) var errors: [StageFault] = []
  private(set) var warnings: [StageFault] = []

  private let members: [InterfaceCheck.Member]
  private let graph: Graph
  private let flow: LabelFlow

  /// - Parameter members: in the order of the graph's nodes.
  init(_ members: [InterfaceCheck.Member], graph: Graph) {
    self.members = members
    self.graph = graph
    flow = LabelFlow(members, graph: graph)
    for index in graph.order {
      guard let rule = members[index].interface.hiding else { continue }
      // Sources have detectors of their own.
      for source in graph.nodes[index].sources.sorted() { check(rule, of: index, source) }
    }
  }

  private mutating func check(_ rule: HidingRule, of index: Int, _ source: Int) {
    let detectors = flow.detectors(before: index).filter { graph.nodes[$0].sources.contains(source) }
    func finders(_ labels: Set<String>) -> [Int] { detectors.filter { members[$0].finds(labels) } }
    let groups = rule.groups.compactMap { group in quickest(finders(group.reduce(into: []) { $0.formUnion($1) })) }
    if isBlind(groups, rule, of: index) { return }
    for labels in rule.groups.joined() {
      let finders = finders(labels)
      if let quickest = quickest(finders) { checkGap(of: quickest, rule, of: index) }
      if !finders.isEmpty, !finders.contains(where: { members[$0].pace.isSteady }) {
        checkPauses(of: finders[0], rule, of: index)
      }
    }
  }

  private func quickest(_ detectors: [Int]) -> Int? {
    detectors.min { members[$0].pace.longestInterval < members[$1].pace.longestInterval }
  }

  // MARK: - The interval

  /// Whether some pictures of each round of looks are hidden whole.
  private mutating func isBlind(_ detectors: [Int], _ rule: HidingRule, of index: Int) -> Bool {
    guard let slowest = detectors.max(by: { members[$0].pace.longestInterval < members[$1].pace.longestInterval })
    else {
      return false
    }
    // All must have looked at the same frame.
    let round = detectors.reduce(1) { Self.commonMultiple($0, members[$1].pace.longestInterval) }
    let known = rule.holdFrames + rule.delayFrames + 1
    guard round > known else { return false }
    let names = Set(detectors).sorted().map { "'\(members[$0].id)'" }
    let looks =
      names.count == 1
      ? "\(subject(slowest)) looks at one frame in \(round)"
      : "\(names.joined(separator: " and ")) look at the same frame once in \(round)"
    add(
      "\(looks), and '\(members[index].id)' keeps \(rule.delayFrames) frames back and remembers \(rule.holdFrames): "
        + "\(round - known) of \(round) pictures would be hidden whole", remedy(slowest, rule, of: index), of: slowest,
      isError: true)
    return true
  }

  private mutating func checkGap(of detector: Int, _ rule: HidingRule, of index: Int) {
    let interval = members[detector].pace.longestInterval, shown = interval - 1 - rule.delayFrames
    guard shown > 0 else { return }
    let strict = graph.reachable(from: index).first { members[$0].requires.contains(.anonymized) }
    add(
      "\(subject(detector)) looks at one frame in \(interval), and '\(members[index].id)' keeps \(rule.delayFrames) frames "
        + "back: what comes into the picture after a look is shown in up to \(Self.frames(shown))"
        + (strict.map { ", and '\(members[$0].id)' requires anonymized pictures" } ?? ""),
      remedy(detector, rule, of: index), of: detector, isError: strict != nil)
  }

  private func subject(_ detector: Int) -> String {
    (isFallback(detector) ? "the fallback of " : "") + "'\(members[detector].id)'"
  }

  private func isFallback(_ detector: Int) -> Bool {
    members[detector].pace.longestInterval > members[detector].pace.interval
  }

  private func remedy(_ detector: Int, _ rule: HidingRule, of index: Int) -> String {
    let needed = members[detector].pace.longestInterval - 1
    let interval = "set the interval of \(subject(detector)) to \(rule.delayFrames + 1) or less"
    return needed > Self.mostDelay
      ? interval : interval + ", or delayFrames of '\(members[index].id)' to \(needed) or more"
  }

  /// What `delayFrames` may be.
  private static let mostDelay = 60

  private static func commonMultiple(_ a: Int, _ b: Int) -> Int {
    var (x, y) = (a, b)
    while y != 0 { (x, y) = (y, x % y) }
    return a / x * b
  }

  // MARK: - What else keeps frames away

  private mutating func checkPauses(of detector: Int, _ rule: HidingRule, of index: Int) {
    let pace = members[detector].pace, id = members[detector].id, hider = members[index].id
    if !pace.isEnabled {
      add(
        "'\(id)' is switched off: until it looks, '\(hider)' hides pictures whole",
        "set enabled of '\(id)' to true", of: detector, key: "enabled")
    } else if pace.isOnMotion {
      add(
        "'\(id)' looks only while something moves, and '\(hider)' remembers \(rule.holdFrames) frames: pictures of a still "
          + "scene are hidden whole", "remove onMotion from '\(id)'", of: detector, key: "onMotion")
    } else if pace.isOnDoubt {
      add(
        "'\(id)' looks only where another detector is in doubt, and '\(hider)' hides what it alone finds: what is in other "
          + "pictures is shown", "let a detector that looks at every frame find it as well", of: detector,
        key: "cascade")
    } else if let rate = pace.maxRate {
      let parts = rule.delayFrames + 1
      add(
        "'\(id)' looks at \(Self.number(rate)) frames a second at most, and '\(hider)' keeps \(rule.delayFrames) frames back: "
          + "in streams of more than \(Self.number(rate * Double(parts))) frames a second, what comes into the picture after a look is shown until "
          + "the next one",
        "set maxRate of '\(id)' to the streams' frame rate / \(parts) or more, or raise delayFrames of '\(hider)'",
        of: detector, key: "maxRate")
    }
  }

  // MARK: - Words

  private static func frames(_ count: Int) -> String { count == 1 ? "1 frame" : "\(count) frames" }

  private static func number(_ value: Double) -> String { Int(exactly: value).map { "\($0)" } ?? "\(value)" }

  private mutating func add(
    _ message: String, _ remedy: String, of detector: Int, key: String? = nil, isError: Bool = false
  ) {
    let error = PipelineError(message, remedy: remedy, stage: members[detector].id, code: .invalidConfiguration)
    // Several labels, and several sources, have the same detectors.
    guard !(errors + warnings).contains(where: { $0.error.message == message }) else { return }
    let place = key ?? (isFallback(detector) ? "fallback.interval" : "interval")
    if isError {
      errors.append(StageFault(error, key: place))
    } else {
      warnings.append(StageFault(error, key: place))
    }
  }
}

extension InterfaceCheck.Member {
  /// Of a detector that says nothing of it: it looks at every frame.
  fileprivate var pace: LookPace { interface.looks ?? LookPace() }

  fileprivate func finds(_ labels: Set<String>) -> Bool {
    switch interface.finds {
    case .only(let found)?: !found.isDisjoint(with: labels)
    case .any?: true
    case nil: false
    }
  }
}
