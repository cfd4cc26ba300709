/// What came of running A and B in turns on the same frames.
public struct ABComparison: Sendable {
  /// In the order of running.
  public let runs: [Experiment.Measured<RunFigures>]
  public let schedule: Schedule
  /// Rounds that were run.
  public let rounds: Int
  /// In the order of ``Metric``; without those that were not measured.
  public let metrics: [MetricComparison]
  public let agreement: Agreement
  public let accuracy: PairedAccuracy?
  public let rule: VerdictRule
  public let verdict: Verdict

  /// - Parameter runs: of whole rounds, which may be fewer than scheduled.
  public init(
    runs: [Experiment.Measured<RunFigures>], schedule: Schedule, agreement: Agreement, accuracy: PairedAccuracy? = nil,
    rule: VerdictRule
  ) {
    self.runs = runs
    self.schedule = schedule
    self.agreement = agreement
    self.accuracy = accuracy
    self.rule = rule
    metrics = Metric.allCases.compactMap { MetricComparison($0, runs: runs) }
    let latency = metrics.first { $0.metric == .latencyP50 }?.change
    let quality = accuracy.map { Quality.accuracy(lossPoints: $0.lossPoints) } ?? .agreement(f1: agreement.f1)
    rounds = runs.count / schedule.runsOfRound
    verdict = rule.verdict(
      latency: latency, quality: quality,
      ended: rounds < schedule.rounds ? "ended after \(rounds) of \(schedule.rounds) rounds" : nil)
  }

  /// Of one side, in order.
  public func runs(of side: Side) -> [RunFigures] { runs.filter { $0.turn.side == side }.map(\.value) }

  public subscript(metric: Metric) -> MetricComparison? { metrics.first { $0.metric == metric } }
}
