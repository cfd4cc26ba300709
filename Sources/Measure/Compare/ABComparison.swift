/// What came of running A and B in turns on the same frames.
package struct ABComparison: Sendable {
  /// In the order of running.
  package let runs: [Experiment.Measured<RunFigures>]
  package let schedule: Schedule
  /// Rounds that were run.
  package let rounds: Int
  /// In the order of ``Metric``; without those that were not measured.
  package let metrics: [MetricComparison]
  package let agreement: Agreement
  package let accuracy: PairedAccuracy?
  let rule: VerdictRule
  package let verdict: Verdict

  /// - Parameter runs: of whole rounds, which may be fewer than scheduled.
  package init(
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
  package func runs(of side: Side) -> [RunFigures] { runs.filter { $0.turn.side == side }.map(\.value) }

  subscript(metric: Metric) -> MetricComparison? { metrics.first { $0.metric == metric } }
}
