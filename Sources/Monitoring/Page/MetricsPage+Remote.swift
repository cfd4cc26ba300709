import EdgepipeCore
import Pipeline

extension MetricsPage {
  /// Of stages whose model runs on servers too, by what they say of themselves.
  func writeRemote(_ text: inout PrometheusText) {
    let stages = snapshot.stages.compactMap { stage in
      stage.facts["placement"]?.members.map { (id: stage.id, facts: $0) }
    }
    guard !stages.isEmpty else { return }
    func add(_ metric: Metric, _ rows: (String, [String: ReportValue], inout PrometheusText) -> Void) {
      text.begin(metric)
      for stage in stages { rows(stage.id, stage.facts, &text) }
    }
    add(.placeFrames) { stage, facts, text in
      for place in ["edge", "cloud"] { text.add(facts[place]?["frames"]?.number ?? 0, stage, place) }
    }
    add(.placeFellBack) { $2.add($1["fell_back"]?.number ?? 0, $0) }
    add(.placeUnanswered) { $2.add($1["unanswered"]?.number ?? 0, $0) }
    add(.remoteBytes) { stage, facts, text in
      for way in ["sent", "received"] { text.add(facts["cloud"]?["\(way)_bytes"]?.number ?? 0, stage, way) }
    }
    add(.remoteLateAnswers) { $2.add($1["cloud"]?["late_answers"]?.number ?? 0, $0) }
    writeServers(stages, &text)
  }

  private func writeServers(_ stages: [(id: String, facts: [String: ReportValue])], _ text: inout PrometheusText) {
    var servers: [(stage: String, name: String, facts: ReportValue)] = []
    for stage in stages {
      guard case .list(let list)? = stage.facts["servers"] else { continue }
      for server in list {
        if case .string(let name)? = server["name"] { servers.append((stage.id, name, server)) }
      }
    }
    text.begin(.serverUp)
    for server in servers { text.add(server.facts["state"] == .string("open") ? 0 : 1, server.stage, server.name) }
    text.begin(.serverRequests)
    for server in servers {
      for outcome in ["answered", "late", "failed"] {
        text.add(server.facts[outcome]?.number ?? 0, server.stage, server.name, outcome)
      }
    }
    text.begin(.serverForecast)
    for server in servers {
      for (key, percentile) in [("forecast_p50_ms", "50"), ("forecast_p95_ms", "95")] {
        if let value = server.facts[key]?.number { text.add(value / 1e3, server.stage, server.name, percentile) }
      }
    }
    let gauges: [(Metric, String, Double)] = [
      (.serverRoundTrip, "round_trip_ms", 1e-3), (.serverBandwidth, "bandwidth_mbit_s", 125_000),
      (.serverLoss, "loss", 1),
      (.serverLimit, "in_flight_limit", 1),
    ]
    for (metric, key, unit) in gauges {
      text.begin(metric)
      for server in servers {
        if let value = server.facts[key]?.number { text.add(value * unit, server.stage, server.name) }
      }
    }
  }
}

extension ReportValue {
  fileprivate var members: [String: ReportValue]? { if case .object(let members) = self { members } else { nil } }

  fileprivate subscript(key: String) -> ReportValue? { members?[key] }

  fileprivate var number: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }
}
