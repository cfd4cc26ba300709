import EdgepipeCore

/// The part of the run report that is about streams.
enum StreamReport {
  /// One object a stream: its account, how long its frames took, its share of what was shared, and its health.
  static func streams(_ snapshot: PipelineRunner.Snapshot) -> ReportValue {
    let detected = snapshot.streamFigures.reduce(0) { $0 + $1.values.detected }
    let dropped = snapshot.ledger.droppedTotal
    var streams: [String: ReportValue] = [:]
    // A stream that was removed and came back has one account.
    for figures in snapshot.streamFigures {
      let account = snapshot.streams[figures.id] ?? Ledger.Account()
      guard case .object(var object) = RunReport.account(account) else { continue }
      let values = figures.values
      object["source"] = .string(figures.sourceStage)
      object["live"] = .bool(figures.isLive)
      object["deadline_ms"] = figures.deadlineMs.map { .rounded($0) } ?? .null
      object["media_s"] = .rounded(values.position.seconds)
      object["latency_ms"] = RunReport.percentiles(values.latency)
      object["queueing_ms"] = RunReport.percentiles(values.queueing)
      object["work_ms"] = RunReport.percentiles(values.work)
      object["fps"] = .rounded(Double(account.delivered) / max(snapshot.elapsedSeconds, 1e-9))
      object["in_time"] = .int(values.inTime)
      object["late"] = .int(values.late)
      object["attainment"] = values.attainment.map { .rounded($0) } ?? .null
      object["detected"] = .int(values.detected)
      object["detection_share"] = share(values.detected, of: detected)
      object["drop_share"] = share(account.droppedTotal, of: dropped)
      object["health"] = values.health.map { health($0, values) } ?? .null
      streams[figures.id] = .object(object)
    }
    return .object(streams)
  }

  private static func share(_ part: Int, of whole: Int) -> ReportValue {
    whole > 0 ? .rounded(Double(part) / Double(whole)) : .null
  }

  private static func health(_ health: StreamHealth, _ values: StreamMetrics.Values) -> ReportValue {
    .object([
      "state": .string(health.state.rawValue), "since": .string(health.sinceWall.iso8601),
      "attempt": .int(health.attempt), "last_error": health.lastError.map { .string($0) } ?? .null,
      "faults": .int(values.faults), "changes": .list(values.changes.map(change)),
    ])
  }

  private static func change(_ change: HealthChange) -> ReportValue {
    var object: [String: ReportValue] = [
      "state": .string(change.health.state.rawValue), "at": .string(change.health.sinceWall.iso8601),
      "attempt": .int(change.health.attempt),
    ]
    if let fault = change.fault { object["fault"] = .string(fault.rawValue) }
    if let seconds = change.faultSeconds { object["fault_s"] = .rounded(seconds) }
    return .object(object)
  }
}
