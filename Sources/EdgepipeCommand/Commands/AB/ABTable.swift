import Foundation
import Measure

/// The comparison for people.
struct ABTable {
  let comparison: ABComparison
  let subject: ABReport.Subject

  var text: String { ([head, "", figures, ""] + verdict).joined(separator: "\n") }

  private var head: String {
    let frames = Both(a: Side.a, b: Side.b).map { side in
      Set(comparison.runs(of: side).map(\.frames)).sorted().map(String.init).joined(separator: ", ")
    }
    let sizes = frames.a == frames.b ? frames.a : "\(frames.a) (A) and \(frames.b) (B)"
    let schedule = comparison.schedule
    return """
      A           \(subject.names.a) (baseline)
      B           \(subject.names.b) (candidate)
      runs        \(schedule.repeats) repeats of each x \(comparison.rounds) rounds, interleaved, of \(sizes) frames
      latency     \(subject.stage.map { "of the stage '\($0)'" } ?? "work of all stages after the source on a frame")
      """ + (subject.sameness?.notes ?? []).map { "\nnote        \($0)" }.joined()
        + (comparison.runs.first?.value.power.map { "\nenergy      \($0.source)" } ?? "")
  }

  private var figures: String {
    var table = Table(
      ["", "A", "B", "change", "95 % interval", "p", "d"], alignment: [.left] + Array(repeating: .right, count: 6))
    for row in comparison.metrics { table.add(cells(row)) }
    table.add(["boxes found", "\(comparison.agreement.found.a)", "\(comparison.agreement.found.b)", "", "", "", ""])
    for (name, value) in agreement { table.add([name, "", value.map { Self.number($0, 3) } ?? "-", "", "", "", ""]) }
    if let accuracy = comparison.accuracy {
      table.add(["AP (\(accuracy.pictures) pictures)"] + cells(accuracy.ap, interval: accuracy.differenceInterval))
      table.add(["AP50"] + cells(accuracy.ap50, interval: nil))
    }
    return table.text
  }

  private var agreement: [(String, Double?)] {
    let agreement = comparison.agreement
    return [
      ("agreement F1", agreement.f1), ("  precision", agreement.precision), ("  recall", agreement.recall),
      ("  mean IoU", agreement.meanIoU),
    ]
  }

  private func cells(_ row: MetricComparison) -> [String] {
    let digits = Self.digits(row.samples.a.mean), change = row.change
    let interval = change?.interval.map { "\(Self.percent($0.lowerBound)) to \(Self.percent($0.upperBound))" }
    return [
      Self.title(row.metric), Self.number(row.samples.a.mean, digits), Self.number(row.samples.b.mean, digits),
      change.map { Self.percent($0.change) + " %" } ?? "-", interval ?? "-",
      change.map { $0.pValue < 0.0001 ? "< 0.0001" : Self.number($0.pValue, 4) } ?? "-",
      change.map { $0.effect.isFinite ? Self.signed($0.effect, 2) : "infinite" } ?? "-",
    ]
  }

  /// Differences of AP are told in points, not in percent of it.
  private func cells(_ values: Both<Double>, interval: ClosedRange<Double>?) -> [String] {
    func points(_ value: Double) -> String { Self.signed(value * 100, 2) }
    return [
      Self.number(values.a, 3), Self.number(values.b, 3), points(values.b - values.a) + " points",
      interval.map { "\(points($0.lowerBound)) to \(points($0.upperBound))" } ?? "", "", "",
    ]
  }

  private var verdict: [String] {
    let verdict = comparison.verdict
    return ["verdict     \(verdict.decision.rawValue)"] + verdict.reasons.map { "            \($0)" }
  }

  private static func title(_ metric: Metric) -> String {
    switch metric {
    case .latencyP50: "latency p50 ms"
    case .latencyP95: "latency p95 ms"
    case .fps: "frames/s"
    case .cpu: "CPU ms/frame"
    case .energy: "energy J/frame"
    case .memory: "peak memory MB"
    }
  }

  /// Four significant digits or so.
  private static func digits(_ value: Double) -> Int {
    value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : value >= 1 ? 3 : 4
  }

  private static func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
  private static func signed(_ value: Double, _ digits: Int) -> String { String(format: "%+.\(digits)f", value) }
  private static func percent(_ value: Double) -> String { signed(value * 100, 1) }
}
