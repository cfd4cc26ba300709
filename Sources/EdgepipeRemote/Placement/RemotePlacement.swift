import Detectors
import EdgepipeCore
import Pipeline
import Stages
import Synchronization

/// A stage's model here and on its servers: opens both, chooses for each frame, and counts what came from where.
final class RemotePlacement: InferencePlacement, WaitsOutside {
  enum Event {
    case unanswered
    case fellBack
  }

  struct Counts: Sendable {
    var edge = 0
    var cloud = 0
    var fellBack = 0
    var unanswered = 0
    var kept = 0
    var trials = 0
  }

  private struct State {
    var rule: PlacementRule
    /// What the model here took lately.
    var edge = DurationWindow()
    /// Of the whole run.
    var edgeTimes = LatencyHistogram()
    var cloudTimes = LatencyHistogram()
    var counts = Counts()
    var load = ProcessLoad()
    var workers = 1
  }

  private static let startMs = 3000.0

  let mode: PlacementMode
  let clock: any PipelineClock
  let local: LocalSessions
  private let request: PlacementRequest
  private let expectation: ModelExpectation
  private let group: ServerGroup
  private let watchman: ServerWatchman
  private let state: Mutex<State>
  /// Asked once, before the first frame; whoever comes meanwhile waits.
  private let asked = Mutex(false)
  private let hasGivenUp = Atomic<Bool>(false)

  init(
    _ request: PlacementRequest, _ servers: [any InferenceServer],
    opening open: @escaping @Sendable () throws -> any InferenceSession
  ) {
    self.request = request
    (mode, clock) = (request.mode, request.context.clock)
    local = LocalSessions(most: request.settings.sessions, opening: open)
    let expectation = ModelExpectation(
      model: request.settings.model ?? request.manifest.name, inputs: request.inputs, outputs: request.outputs)
    self.expectation = expectation
    var settings = ServerGroup.Settings()
    settings.timeoutMs = request.settings.timeoutMs
    settings.inFlight = request.settings.inFlight
    settings.bytesPerHour = request.settings.bytesPerHour
    let outage = ServerOutage(request.context, mode: request.mode), context = request.context
    group = ServerGroup(
      servers, settings, stage: context.id, clock: clock, logger: context.logger, census: context.threads,
      seed: UInt64(bitPattern: clock.now().nanoseconds), check: { expectation.failure(of: $0) },
      tell: { outage.tell($0) })
    watchman = ServerWatchman(group, stage: context.id, census: context.threads)
    state = Mutex(State(rule: PlacementRule(request.mode, timeoutMs: request.settings.timeoutMs)))
    context.stops.add(self)
    context.faults.watch([ServerOutage.fault], stage: context.id, stream: nil)
  }

  // MARK: Opening and closing

  func makeSession(workers: Int) throws -> any PlacedSession {
    state.withLock { $0.workers = workers }
    try asked.withLock { isAsked in
      guard !isAsked else { return }
      try ask()
      try watchman.start()
      isAsked = true
    }
    if mode.usesEdge {
      // What does not run here is known before the first frame.
      giveBack(try local.take())
    }
    return PlacedInferenceSession(self, inputs: expectation.inputs, outputs: expectation.outputs)
  }

  private func ask() throws {
    let failures = group.ask(until: clock.now().advanced(byMilliseconds: Self.startMs))
    for (server, failure) in zip(group.servers, failures) {
      guard let failure else { continue }
      let message = "\(server.name): \(failure.message)"
      switch failure.kind {
      case .mismatch:
        throw PipelineError(
          message, remedy: "give the stage the model that the server has, or 'remote.model' another name",
          code: .mismatch)
      case .refused, .unsafe: throw PipelineError(message, remedy: failure.kind.remedy, code: .unreachable)
      default: request.context.logger.warning("\(message)")
      }
    }
    if !mode.usesEdge, failures.allSatisfy({ $0 != nil }) {
      throw PipelineError(
        "no server of '\(request.context.id)' answers, and its model runs nowhere else",
        remedy: "start one, or set \"where\": \"cloud-first\" to go on here", code: .unreachable)
    }
  }

  /// What servers have not answered is done here, or goes on without results.
  func stopWaiting() {
    hasGivenUp.store(true, ordering: .relaxed)
    group.cancel()
  }

  func close() {
    watchman.stop()
    group.close()
  }

  // MARK: Frames

  /// The choice for one frame; where a copy of it is to be tried elsewhere, it is on its way.
  func choose(_ terms: InferenceTerms, _ input: Tensor) -> PlacementRule.Choice {
    let now = clock.now(), room = local.room
    var cloud = cloudWay(at: now)
    if hasGivenUp.load(ordering: .relaxed) { cloud.isUsable = false }
    if mode.usesCloud, cloud.isUsable, !group.canSpend(input.buffer.byteCount) { cloud.isUsable = false }
    let (choice, takesTrial) = state.withLock { [cloud] state in
      var cloud = cloud
      state.load.look(
        at: now, cpuNanoseconds: ProcessLoad.processCPUNanoseconds(), edge: state.counts.edge, cloud: state.counts.cloud
      )
      let usualMs = state.edge.quantile(0.5, at: now), rates = state.load.rates(inferenceMs: usualMs, at: now)
      cloud.affordableRate = rates.cloud
      let situation = PlacementRule.Situation(
        now: now, deadline: terms.deadline, mustStay: terms.mustStay,
        edge: PlacementRule.Way(
          hasRoom: room.free > 0, width: local.most, waiting: room.waiting,
          usualMs: usualMs, highMs: state.edge.quantile(0.9, at: now), affordableRate: rates.edge),
        cloud: cloud, load: state.load.share, workers: state.workers)
      group.note(isSaturated: state.load.share >= ProcessorSparing.full)
      let choice = state.rule.choose(situation)
      if terms.mustStay, choice == .edge || choice == .none { state.counts.kept += 1 }
      return (choice, choice == .edge && state.rule.takesTrial(situation))
    }
    if takesTrial, let trial = group.start(input) {
      trial.abandon()
      state.withLock { $0.counts.trials += 1 }
    }
    return choice
  }

  private func cloudWay(at now: MonotonicTime) -> PlacementRule.Way {
    let usable = group.servers.filter { $0.isUsable && $0.isChecked }
    let best = usable.min { $0.load(at: now) < $1.load(at: now) }
    return PlacementRule.Way(
      isUsable: !usable.isEmpty, hasRoom: usable.contains(where: \.hasRoom),
      width: usable.reduce(0) { $0 + $1.limit }, waiting: 0,
      usualMs: best?.forecast(0.5, at: now), highMs: best?.forecast(0.9, at: now), isNew: best?.isNew ?? true)
  }

  func start(_ input: Tensor) -> RemoteCall? { group.start(input) }

  /// - Returns: nil where nothing usable has come in time.
  func answer(to call: RemoteCall, until limit: MonotonicTime, began: MonotonicTime) -> InferAnswer? {
    guard case .success(let answer)? = call.wait(until: limit), let ordered = expectation.ordered(answer) else {
      return nil
    }
    let elapsed = clock.now().nanoseconds(since: began)
    state.withLock { state in
      state.counts.cloud += 1
      state.cloudTimes.record(nanoseconds: elapsed)
    }
    return ordered
  }

  func giveBack(_ lent: LocalSessions.Lent) {
    local.give(back: lent)
    group.turns.change { $0 &+= 1 }
  }

  func noteEdge(since began: MonotonicTime) {
    let now = clock.now(), elapsed = now.nanoseconds(since: began)
    state.withLock { state in
      state.counts.edge += 1
      state.edge.add(Double(elapsed) / 1e6, at: now)
      state.edgeTimes.record(nanoseconds: elapsed)
    }
  }

  func count(_ event: Event) {
    state.withLock { state in
      switch event {
      case .unanswered: state.counts.unanswered += 1
      case .fellBack: state.counts.fellBack += 1
      }
    }
  }

  var turn: Int { group.turns.withLock { $0 } }

  /// Until a request or a session has become free since `seen`.
  func waitForTurn(after seen: inout Int, until limit: MonotonicTime) {
    let last = seen
    seen = group.turns.wait(until: limit) { $0 == last ? nil : $0 } ?? last
  }

  // MARK: Report

  var facts: [String: ReportValue] {
    let state = state.withLock { $0 }, counts = group.counts
    let done = max(1, state.counts.edge + state.counts.cloud)
    func way(_ frames: Int, _ times: LatencyHistogram) -> [String: ReportValue] {
      [
        "frames": .int(frames), "share": .rounded(Double(frames) / Double(done)),
        "p50_ms": .rounded(times.milliseconds(atPercentile: 50)),
        "p95_ms": .rounded(times.milliseconds(atPercentile: 95)),
      ]
    }
    let servers = group.servers.map(\.snapshot)
    var cloud = way(state.counts.cloud, state.cloudTimes)
    cloud["sent_bytes"] = .int(servers.reduce(0) { $0 + $1.counts.sentBytes })
    cloud["received_bytes"] = .int(servers.reduce(0) { $0 + $1.counts.receivedBytes })
    let lineSeconds = servers.reduce(0) { $0 + $1.counts.lineSeconds }
    cloud["line_s"] = .rounded(lineSeconds)
    if let watts = request.settings.radioW { cloud["radio_j"] = .rounded(watts * lineSeconds) }
    cloud["late_answers"] = .int(counts.lateAnswers)
    cloud["retries"] = .int(counts.retries)
    cloud["over_budget"] = .int(counts.overBudget)
    return [
      "where": .string(mode.rawValue), "edge": .object(way(state.counts.edge, state.edgeTimes)),
      "cloud": .object(cloud), "fell_back": .int(state.counts.fellBack),
      "unanswered": .int(state.counts.unanswered), "kept_here": .int(state.counts.kept),
      "trials": .int(state.counts.trials), "changes": .int(state.rule.changes),
      "servers": .list(servers.map { .object($0.facts(at: clock.now())) }),
    ]
  }
}

extension RemoteFailure.Kind {
  fileprivate var remedy: String {
    switch self {
    case .unsafe: "see 'remote.ca', 'remote.serverName' and the server's certificate"
    default: "see 'remote.model', 'remote.version' and 'remote.token'"
    }
  }
}

extension WatchedServer.Snapshot {
  /// For the run report.
  fileprivate func facts(at now: MonotonicTime) -> [String: ReportValue] {
    var facts: [String: ReportValue] = [
      "name": .string(name), "state": .string(state.rawValue), "in_flight_limit": .int(limit),
      "answered": .int(counts.answered), "late": .int(counts.late), "failed": .int(counts.failed),
      "ejections": .int(openings), "returns": .int(counts.returns), "probes": .int(counts.probes),
      "loss": .rounded(figures.loss), "jitter_ms": .rounded(figures.jitterMs),
    ]
    if let bandwidth = figures.bandwidth { facts["bandwidth_mbit_s"] = .rounded(bandwidth / 1e6) }
    if let trip = figures.roundTrips.quantile(0.5, at: now) { facts["round_trip_ms"] = .rounded(trip) }
    if let usual = figures.requests.quantile(0.5, at: now) { facts["forecast_p50_ms"] = .rounded(usual) }
    if let high = figures.requests.quantile(0.95, at: now) { facts["forecast_p95_ms"] = .rounded(high) }
    if let failure = lastFailure { facts["last_failure"] = .string("\(failure.kind.rawValue): \(failure.message)") }
    return facts
  }
}
