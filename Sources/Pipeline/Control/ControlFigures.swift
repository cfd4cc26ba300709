import EdgepipeCore

/// The figures of a run at an interval: rates since the last ones, and what is so now.
struct ControlFigures {
  private let runner: PipelineRunner
  private let everyMs: Double
  private var before: PipelineRunner.Snapshot
  private var due: MonotonicTime
  /// CPU nanoseconds of all programs at the last figures.
  private var busyBefore: Int64?

  /// - Parameter every: seconds from one message to the next.
  init(every: Double, _ runner: PipelineRunner) {
    self.runner = runner
    everyMs = every * 1000
    before = runner.snapshot()
    busyBefore = runner.powerShares?.busyNanoseconds
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
    let wattsPerCPU = wattsPerCPU(current)
    defer { before = current }
    return message(current, wattsPerCPU: wattsPerCPU)
  }

  /// What a nanosecond of CPU time in the interval took of the power above that of an idle machine; nil where that is not
  /// known.
  private mutating func wattsPerCPU(_ current: PipelineRunner.Snapshot) -> Double? {
    guard let (idleW, busy) = runner.powerShares else { return nil }
    defer { busyBefore = busy }
    guard let watts = current.livePower?.watts, let busy, let busyBefore, busy > busyBefore else { return nil }
    return max(0, watts - idleW) / Double(busy - busyBefore)
  }

  private func message(_ current: PipelineRunner.Snapshot, wattsPerCPU: Double?) -> ReportValue {
    let seconds = max(current.elapsedSeconds - before.elapsedSeconds, 1e-3)
    func rate(_ now: Int, _ then: Int) -> ReportValue { .rounded(Double(max(0, now - then)) / seconds) }
    let earlier = Dictionary(before.stages.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    let stages = current.stages.map { stage in
      let then = earlier[stage.id]
      let cpu = max(0, stage.cpuNanoseconds - (then?.cpuNanoseconds ?? 0))
      return ReportValue.object([
        "id": .string(stage.id), "type": .string(stage.type),
        "fps": rate(stage.values.framesOut, then?.values.framesOut ?? 0),
        "in": .int(stage.values.framesIn), "out": .int(stage.values.framesOut),
        "dropped": .int(stage.values.droppedTotal), "failed": .int(stage.values.failed),
        "service_p95_ms": .rounded(stage.values.service.milliseconds(atPercentile: 95)),
        "service_ms": Self.mean(stage.values.service, since: then?.values.service),
        "queue_ms": Self.mean(stage.values.queueWait, since: then?.values.queueWait),
        "queue": .int(stage.queueDepth), "queue_capacity": stage.queueCapacity.map { .int($0) } ?? .null,
        "cpu": .rounded(Double(cpu) / 1e9 / seconds),
        "power_w": wattsPerCPU.map { .rounded($0 * Double(cpu)) } ?? .null,
      ])
    }
    let streams = current.streamFigures.map { figures in
      let account = current.streams[figures.id] ?? Ledger.Account(),
        then = before.streams[figures.id] ?? Ledger.Account()
      var members: [String: ReportValue] = [
        "id": .string(figures.id), "fps": rate(account.delivered, then.delivered), "live": .bool(figures.isLive),
        "state": .string(figures.isRunning ? figures.values.health?.state.rawValue ?? "streaming" : "ended"),
        "admitted": .int(account.admitted), "delivered": .int(account.delivered),
        "dropped": .int(account.droppedTotal), "failed": .int(account.failedTotal),
        "latency_p95_ms": .rounded(figures.values.latency.milliseconds(atPercentile: 95)),
      ]
      members["last_error"] = figures.values.health?.lastError.map { .string($0) }
      return ReportValue.object(members)
    }
    var members: [String: ReportValue] = [
      "event": .string("figures"), "draining": .bool(runner.isStopping), "elapsed_s": .rounded(current.elapsedSeconds),
      "stages": .list(stages),
      "streams": .list(streams), "fps": rate(current.ledger.delivered, before.ledger.delivered),
      "in_flight": .int(current.ledger.inFlight),
    ]
    members["ledger"] = Self.value(current.ledger)
    members["memory_budget_mb"] = runner.plan.memoryMB.map { .rounded($0) }
    members["power_w"] = current.livePower?.watts.map { .rounded($0) }
    members["power_method"] = current.livePower.map { .string($0.method.rawValue) }
    return .object(members)
  }

  /// Of the interval; null where nothing was measured in it.
  private static func mean(_ now: LatencyHistogram, since then: LatencyHistogram?) -> ReportValue {
    let count = now.count - (then?.count ?? 0)
    guard count > 0 else { return .null }
    return .rounded(max(0, now.totalSeconds - (then?.totalSeconds ?? 0)) * 1000 / Double(count))
  }

  private static func value(_ account: Ledger.Account) -> ReportValue {
    let dropped = account.dropped.sorted { ($0.key.stage, $0.key.reason) < ($1.key.stage, $1.key.reason) }
    return .object([
      "admitted": .int(account.admitted), "delivered": .int(account.delivered), "in_flight": .int(account.inFlight),
      "dropped": .list(
        dropped.map { place, count in
          .object([
            "stage": .string(place.stage), "reason": .string(place.reason.rawValue), "count": .int(count),
          ])
        }),
      "failed": .object(account.failed.mapValues { .int($0) }), "balanced": .bool(account.isBalanced),
    ])
  }
}
