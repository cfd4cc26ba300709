/// What came of running A and B in turns on the same frames.
public struct ABComparison: Sendable {
  /// Average precision on pictures with ground truth.
  public struct Accuracy: Sendable, Equatable {
    public var pictures: Int
    /// Mean over IoU thresholds of 0.5 to 0.95, as COCO counts it, 0 to 1.
    public var ap: Both<Double>
    /// At an IoU of 0.5.
    public var ap50: Both<Double>
    /// Where B's AP minus A's lies with 95 % confidence: of a bootstrap over pictures, both sides on the same draw.
    public var differenceInterval: ClosedRange<Double>?

    public init(pictures: Int, ap: Both<Double>, ap50: Both<Double>, differenceInterval: ClosedRange<Double>?) {
      self.pictures = pictures
      self.ap = ap
      self.ap50 = ap50
      self.differenceInterval = differenceInterval
    }

    /// In points (hundredths); negative where B is better.
    public var lossPoints: Double { (ap.a - ap.b) * 100 }
  }

  /// In the order of running.
  public let runs: [Experiment.Measured<RunFigures>]
  public let schedule: Schedule
  /// In the order of ``Metric``; without those that were not measured.
  public let metrics: [MetricComparison]
  public let agreement: Agreement
  public let accuracy: Accuracy?
  public let rule: VerdictRule
  public let verdict: Verdict

  /// - Parameter runs: of whole rounds. With fewer rounds than scheduled, what there is settles nothing: whoever may end
  ///   an experiment when its figures please finds differences where there are none.
  public init(
    runs: [Experiment.Measured<RunFigures>], schedule: Schedule, agreement: Agreement, accuracy: Accuracy? = nil,
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
