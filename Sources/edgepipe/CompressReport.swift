import Foundation
import Measure
import Pipeline

/// What `edgepipe models compress` prints: the steps from the float model to the integer one, and what each gave.
struct CompressReport {
  struct Row {
    var name: String
    var bytes: Int
    /// Nil when speeds were not compared.
    var figures: ThroughputComparison.Figures?
  }

  var name: String
  var folder: String
  var passes: [(name: String, count: Int)]
  var convolutions: (integer: Int, float: Int)
  var pictures: Int
  var rows: [Row]

  var text: String {
    var table = Table(
      ["model", "size MB", "latency ms", "per second", "times as fast", "range"],
      alignment: [.left, .right, .right, .right, .right, .right])
    for row in rows {
      table.add([
        row.name, Self.number(Double(row.bytes) / 1e6, 2), row.figures.map { Self.number($0.latencyMs, 1) } ?? "",
        row.figures.map { Self.number($0.rate, 1) } ?? "", row.figures.map { Self.number($0.ratio, 2) } ?? "",
        row.figures.map { "\(Self.number($0.ratioRange.lowerBound, 2))-\(Self.number($0.ratioRange.upperBound, 2))" } ?? "",
      ])
    }
    let rewritten = passes.filter { $0.count > 0 }.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
    return """
      \(table.text)

      passes      \(rewritten.isEmpty ? "nothing to rewrite" : rewritten)
      integers    \(convolutions.integer) convolutions; \(convolutions.float) before boxes and scores stay in floats
      calibrated  on \(pictures) pictures
      installed   \(name) in \(folder)
      """
  }

  var value: ReportValue {
    .object([
      "name": .string(name), "folder": .string(folder), "calibration_pictures": .int(pictures),
      "integer_convolutions": .int(convolutions.integer), "float_convolutions": .int(convolutions.float),
      "passes": .object(Dictionary(uniqueKeysWithValues: passes.map { ($0.name, ReportValue.int($0.count)) })),
      "ladder": .list(
        rows.map { row in
          var facts: [String: ReportValue] = ["model": .string(row.name), "bytes": .int(row.bytes)]
          if let figures = row.figures {
            facts["latency_ms"] = .double(figures.latencyMs)
            facts["per_second"] = .double(figures.rate)
            facts["ratio"] = .double(figures.ratio)
            facts["ratio_range"] = .list([.double(figures.ratioRange.lowerBound), .double(figures.ratioRange.upperBound)])
          }
          return .object(facts)
        }),
    ])
  }

  private static func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}
