import EdgepipeCore

/// The figures of a run at an interval: rates since the last ones, and what is so now.
struct ControlFigures {
  private let runner: PipelineRunner
  private let everyMs: Double
  private var before: PipelineRunner.Snapshot
  private var due: MonotonicTime

  /// - Parameter every: seconds from one message to the next.
  init(every: Double, _ runner: PipelineRunner) {
    self.runner = runner
    everyMs = every * 1000
    before = runner.snapshot()
    due = SystemClock().now().advanced(byMilliseconds: everyMs)
  }

  /// Nil until the interval is over.
  mutating func next() -> ReportValue? {
    let now = SystemClock().now()
    guard now >= due else { return nil }
    // On the beat, unless it has been missed.
    let next = due.advanced(byMilliseconds: everyMs)
    due = next > now ? next : now.advanced(byMilliseconds: everyMs)
    let current = runner.snapshot()
    defer { before = current }
    return message(current)
  }

  private func message(_ current: PipelineRunner.Snapshot) -> ReportValue {
    let seconds = max(current.elapsedSeconds - before.elapsedSeconds, 1e-3)
    func rate(_ now: Int, _ then: Int) -> ReportValue { .rounded(Double(max(0, now - then)) / seconds) }
    let earlier = Dictionary(before.stages.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    let stages = current.stages.map { stage in
      let then = earlier[stage.id]
      return ReportValue.object([
        "id": .string(stage.id), "type": .string(stage.type),
        "fps": rate(stage.values.framesOut, then?.values.framesOut ?? 0),
        "in": .int(stage.values.framesIn), "out": .int(stage.values.framesOut),
        "dropped": .int(stage.values.droppedTotal), "failed": .int(stage.values.failed),
        "service_p95_ms": .rounded(stage.values.service.milliseconds(atPercentile: 95)),
        "queue": .int(stage.queueDepth), "queue_capacity": stage.queueCapacity.map { .int($0) } ?? .null,
        "cpu": .rounded(Double(max(0, stage.cpuNanoseconds - (then?.cpuNanoseconds ?? 0))) / 1e9 / seconds),
      ])
    }
    let streams = current.streamFigures.map { figures in
      let account = current.streams[figures.id] ?? Ledger.Account(),
        then = before.streams[figures.id] ?? Ledger.Account()
      return ReportValue.object([
        "id": .string(figures.id), "fps": rate(account.delivered, then.delivered), "live": .bool(figures.isLive),
        "state": .string(figures.isRunning ? figures.values.health?.state.rawValue ?? "streaming" : "ended"),
        "admitted": .int(account.admitted), "delivered": .int(account.delivered),
        "dropped": .int(account.droppedTotal), "failed": .int(account.failedTotal),
        "latency_p95_ms": .rounded(figures.values.latency.milliseconds(atPercentile: 95)),
      ])
    }
    var members: [String: ReportValue] = [
      "event": .string("figures"), "draining": .bool(runner.isStopping), "elapsed_s": .rounded(current.elapsedSeconds),
      "stages": .list(stages),
      "streams": .list(streams), "fps": rate(current.ledger.delivered, before.ledger.delivered),
      "in_flight": .int(current.ledger.inFlight),
    ]
    members["memory_budget_mb"] = runner.plan.memoryMB.map { .rounded($0) }
    members["power_w"] = current.livePower?.watts.map { .rounded($0) }
    return .object(members)
  }
}
