import EdgepipeCore
import Foundation
import Measure

/// The trials and what came of each.
struct TuneTable {
  let rows: [TuneRow]

  var text: String {
    var table = Table(
      ["stage", "model", "shape", "workers x threads", "interval", "decoding", "AP", "fps", "p50 ms", "p95 ms", ""],
      alignment: [.left, .left, .left, .right, .right, .left, .right, .right, .right, .right, .left])
    for row in rows {
      let choice = row.choice, measurement = row.measurement
      table.add([
        row.stage, choice.model, choice.shape.filter { $0 != "\"" }, "\(choice.workers) x \(choice.threads)",
        "\(choice.interval)", choice.decoding.text ?? "-", choice.accuracy.map { Self.number($0, 3) } ?? "?",
        measurement.map { Self.number($0.rate, 1) } ?? "-", measurement.map { Self.number($0.p50, 1) } ?? "-",
        measurement.map { Self.number($0.p95, 1) } ?? "-", row.verdict.rawValue,
      ])
    }
    return table.text
  }

  var json: String {
    get throws {
      let list = rows.map { row -> ReportValue in
        let choice = row.choice, measurement = row.measurement
        func number(_ value: Double?) -> ReportValue { value.map { .double($0) } ?? .null }
        return .object([
          "stage": .string(row.stage), "model": .string(choice.model), "shape": .string(choice.shape),
          "workers": .int(choice.workers), "threads": .int(choice.threads), "interval": .int(choice.interval),
          "decode_threads": choice.decoding.threads.map { .int($0) } ?? .null,
          "skip_loop_filter": choice.decoding.skippedLoopFilter.map { .string($0) } ?? .null,
          "ap": number(choice.accuracy), "fps": number(measurement?.rate), "p50_ms": number(measurement?.p50),
          "p95_ms": number(measurement?.p95), "verdict": .string(row.verdict.rawValue),
        ])
      }
      return String(try ReportValue.list(list).json().dropLast())
    }
  }

  private static func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}
