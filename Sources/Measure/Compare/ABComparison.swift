/// What came of running A and B in turns on the same frames.
public struct ABComparison: Sendable {
  /// In the order of running.
  public let runs: [Experiment.Measured<RunFigures>]
  public let schedule: Schedule
  /// In the order of ``Metric``; without those that were not measured.
  public let metrics: [MetricComparison]
  public let agreement: Agreement
  public let accuracy: PairedAccuracy?
  public let rule: VerdictRule
  public let verdict: Verdict

  /// - Parameter runs: of whole rounds. With fewer rounds than scheduled, what there is settles nothing: whoever may end
  ///   an experiment when its figures please finds differences where there are none.
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
    let verdict = rule.verdict(latency: latency, quality: quality)
    let done = Self.rounds(runs, schedule)
    let isWhole = done >= schedule.rounds
    self.verdict = isWhole ? verdict : verdict.undecided("ended after \(done) of \(schedule.rounds) rounds")
  }

  /// Rounds that were run.
  public var rounds: Int { Self.rounds(runs, schedule) }

  private static func rounds(_ runs: [Experiment.Measured<RunFigures>], _ schedule: Schedule) -> Int {
    runs.count / max(1, schedule.runsOfRound)
  }

  /// Of one side, in order.
  public func runs(of side: Side) -> [RunFigures] { runs.filter { $0.turn.side == side }.map(\.value) }

  public subscript(metric: Metric) -> MetricComparison? { metrics.first { $0.metric == metric } }
}

extension Verdict {
  /// The same figures, which settle nothing for this reason.
  fileprivate func undecided(_ reason: String) -> Verdict {
    Verdict(decision: .keepMeasuring, difference: difference, reasons: [reason] + reasons)
  }
}
