import EdgepipeCore
import Stages

/// Where the next frame's inference is done: a plain value, so that it can be tested without clocks, threads and networks.
struct PlacementRule: Sendable {
  /// One way as it is now. Times in milliseconds.
  struct Way: Sendable {
    /// Whether it answers at all.
    var isUsable = true
    /// Whether it would begin at once.
    var hasRoom = true
    /// How many it does at once.
    var width = 1
    /// How many wait for it.
    var waiting = 0
    /// What one takes, the median and the 90th percentile; nil where nothing recent is known.
    var usualMs: Double?
    var highMs: Double?
    /// Frames a second for which this machine's processors suffice where all are done this way; nil where not known.
    var affordableRate: Double?
    /// So little is known of it that a mistake is likely.
    var isNew = false

    init(
      isUsable: Bool = true, hasRoom: Bool = true, width: Int = 1, waiting: Int = 0, usualMs: Double? = nil,
      highMs: Double? = nil, affordableRate: Double? = nil, isNew: Bool = false
    ) {
      (self.isUsable, self.hasRoom, self.width, self.waiting) = (isUsable, hasRoom, width, waiting)
      (self.usualMs, self.highMs, self.affordableRate, self.isNew) = (usualMs, highMs, affordableRate, isNew)
    }

    /// Until a frame that comes now is done.
    var finishMs: Double? {
      guard let usualMs, let highMs else { return nil }
      return highMs + (hasRoom ? 0 : Double(waiting + 1) * usualMs / Double(max(1, width)))
    }

    /// A second.
    var rate: Double? {
      usualMs.map { min(affordableRate ?? .infinity, Double(max(1, width)) * 1e3 / max(0.01, $0)) }
    }
  }

  struct Situation: Sendable {
    var now: MonotonicTime
    var deadline: MonotonicTime?
    var mustStay = false
    var edge: Way
    var cloud: Way
    /// How much of this machine's processors is used, 0 to 1.
    var load = 0.0
    /// Frames that may be at work at once.
    var workers: Int
  }

  enum Choice: Hashable, Sendable {
    case edge
    /// - Parameter until: how long its answer is waited for. Then the frame is done here, or goes on without results.
    case cloud(until: MonotonicTime)
    /// Both are full: until one is not, and no longer than this.
    case wait(until: MonotonicTime)
    /// No place may do it.
    case none
  }

  /// The other way must be better by this share before it is preferred.
  private static let advantage = 1.15
  private static let exploreCloudS = 1.0, exploreNewS = 0.1, exploreEdgeS = 2.0
  private static let waitMs = 50.0

  private let mode: PlacementMode
  private let timeoutMs: Double
  private var prefersCloud = false
  private var sparing = ProcessorSparing()
  private var lastCloud: MonotonicTime?
  private var lastEdge: MonotonicTime?
  /// How often the preference has changed.
  private(set) var changes = 0

  init(_ mode: PlacementMode, timeoutMs: Double) { (self.mode, self.timeoutMs) = (mode, timeoutMs) }

  /// - Returns: the choice. A choice of a place counts as its use.
  mutating func choose(_ situation: Situation) -> Choice {
    let choice = decide(situation)
    switch choice {
    case .edge: lastEdge = situation.now
    case .cloud: lastCloud = situation.now
    case .wait, .none: break
    }
    return choice
  }

  /// Whether a copy of a frame should go to a server only to learn how long that takes now.
  mutating func takesTrial(_ situation: Situation) -> Bool {
    guard mode == .route, situation.cloud.isUsable, situation.cloud.hasRoom, !situation.mustStay,
      Self.seconds(since: lastCloud, situation.now) >= (situation.cloud.isNew ? Self.exploreNewS : Self.exploreCloudS)
    else { return false }
    lastCloud = situation.now
    return true
  }

  private mutating func decide(_ s: Situation) -> Choice {
    let last = latest(s)
    switch mode {
    case .edge: return .edge
    case .cloud:
      guard !s.mustStay, s.cloud.isUsable, s.now < last else { return .none }
      return s.cloud.hasRoom ? .cloud(until: last) : .wait(until: pause(s, last))
    case .edgeFirst:
      guard !s.mustStay, s.cloud.isUsable, s.cloud.hasRoom, let deadline = s.deadline, let edge = s.edge.finishMs,
        s.now.advanced(byMilliseconds: edge) > deadline
      else { return .edge }
      if let cloud = s.cloud.finishMs, s.now.advanced(byMilliseconds: cloud) > deadline { return .edge }
      return .cloud(until: last)
    case .cloudFirst:
      guard !s.mustStay, s.cloud.isUsable else { return .edge }
      // The last moment at which this machine can still be in time.
      let limit = s.deadline.map { min(last, $0.advanced(byMilliseconds: -(s.edge.finishMs ?? 0))) } ?? last
      guard s.now < limit else { return .edge }
      if let usual = s.cloud.usualMs, s.now.advanced(byMilliseconds: usual) > limit,
        Self.seconds(since: lastCloud, s.now) < Self.exploreCloudS
      {
        return .edge
      }
      return s.cloud.hasRoom ? .cloud(until: limit) : .wait(until: pause(s, limit))
    case .route: return route(s, last)
    }
  }

  private mutating func route(_ s: Situation, _ last: MonotonicTime) -> Choice {
    guard !s.mustStay, s.cloud.isUsable, let cloudMs = s.cloud.finishMs, let cloudRate = s.cloud.rate,
      let edgeMs = s.edge.finishMs, let edgeRate = s.edge.rate
    else { return .edge }
    if s.edge.hasRoom, Self.seconds(since: lastEdge, s.now) >= Self.exploreEdgeS, isInTime(edgeMs, s) { return .edge }
    prefer(cloud: s.load >= ProcessorSparing.full || sparing.isOn ? cloudRate / edgeRate : edgeMs / cloudMs)
    sparing.look(prefersCloud: prefersCloud, load: s.load, at: s.now)
    // Results leave in the order of frames: one that takes longer than all workers' frames together holds them up.
    let slackMs = Double(s.workers) * 1e3 / max(cloudRate, edgeRate)
    let cloudFits = isInTime(cloudMs, s) && (prefersCloud || cloudMs <= max(slackMs, edgeMs))
    let edgeFits = isInTime(edgeMs, s) && (!prefersCloud || edgeMs <= max(slackMs, cloudMs))
    if !cloudFits && !edgeFits { return cloudMs < edgeMs && s.cloud.hasRoom ? .cloud(until: last) : .edge }
    if !cloudFits { return .edge }
    if !edgeFits { return s.cloud.hasRoom ? .cloud(until: last) : .wait(until: pause(s, last)) }
    switch (prefersCloud, s.cloud.hasRoom, s.edge.hasRoom) {
    case (true, true, _), (false, true, false): return .cloud(until: last)
    case (true, false, _) where sparing.isOn: return .wait(until: pause(s, last))
    case (false, _, true), (true, false, true): return .edge
    case (_, false, false): return .wait(until: pause(s, last))
    }
  }

  /// - Parameter ratio: how much better the server is.
  private mutating func prefer(cloud ratio: Double) {
    guard prefersCloud ? ratio * Self.advantage < 1 : ratio > Self.advantage else { return }
    prefersCloud.toggle()
    changes += 1
  }

  private func isInTime(_ milliseconds: Double, _ s: Situation) -> Bool {
    s.deadline.map { s.now.advanced(byMilliseconds: milliseconds) <= $0 } ?? true
  }

  private func latest(_ s: Situation) -> MonotonicTime {
    let limit = s.now.advanced(byMilliseconds: timeoutMs)
    return s.deadline.map { min($0, limit) } ?? limit
  }

  private func pause(_ s: Situation, _ last: MonotonicTime) -> MonotonicTime {
    min(last, s.now.advanced(byMilliseconds: Self.waitMs))
  }

  private static func seconds(since time: MonotonicTime?, _ now: MonotonicTime) -> Double {
    time.map { Double(now.nanoseconds(since: $0)) / 1e9 } ?? .infinity
  }
}
