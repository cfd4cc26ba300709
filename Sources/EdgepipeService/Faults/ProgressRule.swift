import EdgepipeCore

/// Finds a stage with frames waiting that does nothing.
struct ProgressRule: Sendable {
  struct Stage: Sendable, Hashable {
    let id: String
    /// Frames that have gone out or failed. A queue in front of a stage that is stuck still takes and drops frames.
    let done: Int
    let waiting: Int
    let serviceP95Ms: Double
  }

  struct Stuck: Sendable, Hashable {
    let stage: String
    let waiting: Int
    let seconds: Double
  }

  /// A stage that has done something before.
  var stuckS = 20.0
  /// One that has done nothing yet: it may open a large model.
  var firstS = 120.0
  /// A stage may take so many times what its frames usually take.
  private static let patience = 5.0

  private var seen: [String: (stage: Stage, since: MonotonicTime, hasBegun: Bool)] = [:]

  init(stuckS: Double = 20) { (self.stuckS, firstS) = (stuckS, max(120, stuckS)) }

  /// Whether a stage has done something since the first look.
  var hasBegun: Bool { seen.values.contains { $0.hasBegun } }

  /// - Parameter stages: in the order of the pipeline.
  /// - Returns: the stuck stage, of several the last: those before it wait for it.
  mutating func look(_ stages: [Stage], at now: MonotonicTime) -> Stuck? {
    var stuck: Stuck?, seen: [String: (stage: Stage, since: MonotonicTime, hasBegun: Bool)] = [:]
    for stage in stages {
      let before = self.seen[stage.id]
      guard let before, before.stage.done == stage.done, stage.waiting > 0 else {
        seen[stage.id] = (stage, now, before.map { $0.hasBegun || $0.stage.done != stage.done } ?? false)
        continue
      }
      seen[stage.id] = (stage, before.since, before.hasBegun)
      let seconds = Double(now.nanoseconds(since: before.since)) / 1e9
      let limit = max(before.hasBegun ? stuckS : firstS, Self.patience * stage.serviceP95Ms / 1000)
      if seconds >= limit { stuck = Stuck(stage: stage.id, waiting: stage.waiting, seconds: seconds) }
    }
    self.seen = seen
    return stuck
  }
}

extension ProgressRule.Stage {
  /// The stages of a message of the topic `figures`.
  static func all(in figures: [String: ReportValue]) -> [Self] {
    guard case .list(let stages)? = figures["stages"] else { return [] }
    return stages.compactMap { stage in
      guard case .object(let members) = stage, case .string(let id)? = members["id"] else { return nil }
      func count(_ key: String) -> Int { if case .int(let value)? = members[key] { value } else { 0 } }
      let p95: Double =
        switch members["service_p95_ms"] {
        case .double(let value): value
        case .int(let value): Double(value)
        default: 0
        }
      let done = ["out", "failed"].reduce(0) { $0 &+ count($1) }
      return Self(id: id, done: done, waiting: count("queue"), serviceP95Ms: p95)
    }
  }
}
