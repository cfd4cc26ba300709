package import EdgepipeCore

/// The comparison as one JSON document. Its keys are stable; new ones may come.
package struct ABReport: Sendable {
  package let root: ReportValue

  /// What was compared, for the document's head.
  package struct Subject: Sendable {
    /// As the command line names them.
    package var names: Both<String>
    /// `models` or `pipelines`.
    var kind: String
    /// The stage whose service time is the latency; nil: the work of all stages.
    package var stage: String?
    var version: String
    /// What the two have in common; nil where nobody looked.
    package var sameness: Sameness?

    package init(
      names: Both<String>, kind: String, stage: String?, version: String, sameness: Sameness? = nil
    ) {
      self.sameness = sameness
      self.names = names
      self.kind = kind
      self.stage = stage
      self.version = version
    }
  }

  package init(_ comparison: ABComparison, subject: Subject) {
    let rule = comparison.rule, verdict = comparison.verdict
    root = .object([
      "v": .int(1),
      "edgepipe": .string(subject.version),
      "kind": .string(subject.kind),
      "a": .string(subject.names.a), "b": .string(subject.names.b),
      "same": subject.sameness.map { .bool($0.isSame) } ?? .null,
      "notes": .list((subject.sameness?.notes ?? []).map { .string($0) }),
      "latency_of": subject.stage.map { .string($0) } ?? .null,
      "repeats": .int(comparison.schedule.repeats),
      "rounds": .int(comparison.rounds),
      "runs": .list(comparison.runs.map(Self.run)),
      "metrics": .object(
        Dictionary(
          comparison.metrics.map { ($0.metric.rawValue, Self.metric($0)) }, uniquingKeysWith: { first, _ in first })),
      "power": comparison.runs.first?.value.power.map(Self.power) ?? .null,
      "agreement": Self.agreement(comparison.agreement),
      "accuracy": comparison.accuracy.map(Self.accuracy) ?? .null,
      "verdict": .object([
        "decision": .string(verdict.decision.rawValue), "difference": .string(verdict.difference.rawValue),
        "reasons": .list(verdict.reasons.map { .string($0) }),
        "rule": .object([
          "minimum_improvement": .double(rule.minimumImprovement), "significance": .double(rule.significance),
          "minimum_effect": .double(rule.minimumEffect), "smallest_difference": .double(rule.smallestDifference),
          "maximum_loss_points": .double(rule.maximumLoss), "minimum_agreement": .double(rule.minimumAgreement),
        ]),
      ]),
    ])
  }

  private static func sides(_ both: Both<ReportValue>) -> [String: ReportValue] { ["a": both.a, "b": both.b] }

  private static func number(_ value: Double?) -> ReportValue { value.map { .double($0) } ?? .null }

  private static func run(_ run: Experiment.Measured<RunFigures>) -> ReportValue {
    var object: [String: ReportValue] = [
      "round": .int(run.turn.round), "side": .string(run.turn.side.rawValue), "repeat": .int(run.turn.number),
      "frames": .int(run.value.frames),
    ]
    for metric in Metric.allCases { object[metric.rawValue] = number(metric.value(of: run.value)) }
    return .object(object)
  }

  private static func metric(_ row: MetricComparison) -> ReportValue {
    var object = sides(row.samples.map { .list($0.values.map { .double($0) }) })
    object["mean_a"] = .double(row.samples.a.mean)
    object["mean_b"] = .double(row.samples.b.mean)
    object["change"] = number(row.change?.change)
    object["change_low"] = number(row.change?.interval?.lowerBound)
    object["change_high"] = number(row.change?.interval?.upperBound)
    object["p"] = number(row.change?.pValue)
    object["d"] = number(row.change?.effect)
    object["better"] = .string(row.metric.isHigherBetter ? "higher" : "lower")
    return .object(object)
  }

  private static func power(_ power: RunFigures.Power) -> ReportValue {
    .object(["method": .string(power.method), "estimated": .bool(power.isEstimated), "source": .string(power.source)])
  }

  private static func agreement(_ agreement: Agreement) -> ReportValue {
    .object([
      "iou": .double(Double(Agreement.minimumIoU)),
      "found_a": .int(agreement.found.a), "found_b": .int(agreement.found.b), "matched": .int(agreement.matched),
      "precision": number(agreement.precision), "recall": number(agreement.recall),
      "f1": number(agreement.f1), "mean_iou": number(agreement.meanIoU),
    ])
  }

  private static func accuracy(_ accuracy: PairedAccuracy) -> ReportValue {
    .object([
      "pictures": .int(accuracy.pictures),
      "ap": .object(sides(accuracy.ap.map { .double($0) })), "ap50": .object(sides(accuracy.ap50.map { .double($0) })),
      "difference": .double(accuracy.ap.b - accuracy.ap.a),
      "difference_low": number(accuracy.differenceInterval?.lowerBound),
      "difference_high": number(accuracy.differenceInterval?.upperBound),
    ])
  }
}
