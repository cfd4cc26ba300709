import EdgepipeCompression
import EdgepipeCore
import Foundation
import Measure

/// What `edgepipe models prune` prints: what the model cost before and after.
struct PruneReport {
  struct Row {
    var name: String
    var bytes: Int
    /// Nil when speeds were not compared.
    var figures: ThroughputComparison.Figures?
  }

  var name: String
  var folder: String
  var method: String
  var importance: String
  /// What was asked for.
  var ratio: Double
  var pictures: Int
  var seconds: Double
  var result: Pruner.Result
  /// Sizes and speeds, before and after.
  var rows: [Row]

  /// What the weights would take as a bit each and the values that are not zero.
  private var packedBytes: Int { result.after.parameters / 8 + 4 * result.after.nonzero }

  var text: String {
    var table = Table(
      [
        "model", "multiplications", "parameters", "nonzero", "size MB", "latency ms", "per second", "speedup",
        "range",
      ],
      alignment: [.left] + Array(repeating: .right, count: 8))
    for (row, cost) in zip(rows, [result.before, result.after]) {
      table.add([
        row.name, "\(Figure.scaled(cost.multiplications))", Figure.count(cost.parameters), Figure.count(cost.nonzero),
        Figure.text(Double(row.bytes) / 1e6, decimals: 2),
        row.figures.map { Figure.text($0.latencyMs, decimals: 1) } ?? "",
        row.figures.map { Figure.text($0.rate, decimals: 1) } ?? "",
        row.figures.map { Figure.text($0.ratio, decimals: 2) } ?? "",
        row.figures.map {
          "\(Figure.text($0.ratioRange.lowerBound, decimals: 2))-\(Figure.text($0.ratioRange.upperBound, decimals: 2))"
        } ?? "",
      ])
    }
    let packed =
      result.after.nonzero < result.after.parameters * 9 / 10
      ? "\nzeros       are stored like other numbers; a bit mask and the nonzero weights would take "
        + "\(Figure.text(Double(packedBytes) / 1e6, decimals: 2)) MB"
      : ""
    // Bundles of channels are taken whole, so that more may go than was asked; less goes where layers may lose no more.
    let shortfall = result.saved < ratio - 0.005 ? "; the layers have reached their limits at this ratio" : ""
    let saved = "\(Figure.text(result.saved * 100, decimals: 1)) %, \(Figure.setting(ratio * 100)) % requested"
    return """
      \(table.text)

      saved       \(saved)\(shortfall)
      pruned      \(method), ranked by \(importance), in \(Figure.duration(seconds))
      refitted    \(result.refitted) layers on \(pictures) pictures, each also mirrored\(packed)
      installed   \(name) in \(folder)
      accuracy    not measured: run `edgepipe models eval \(name)`
      """
  }

  var value: ReportValue {
    .object([
      "name": .string(name), "folder": .string(folder), "method": .string(method), "importance": .string(importance),
      "ratio": .double(ratio), "saved": .double(result.saved),
      "calibration_pictures": .int(pictures), "refitted_layers": .int(result.refitted), "seconds": .double(seconds),
      "models": .list(
        zip(rows, [result.before, result.after]).map { row, cost in
          var facts = cost.facts
          facts["model"] = .string(row.name)
          facts["bytes"] = .int(row.bytes)
          if let figures = row.figures {
            facts["latency_ms"] = .double(figures.latencyMs)
            facts["per_second"] = .double(figures.rate)
            facts["ratio"] = .double(figures.ratio)
            let range = figures.ratioRange
            facts["ratio_range"] = .list([.double(range.lowerBound), .double(range.upperBound)])
          }
          return .object(facts)
        }),
    ])
  }
}

/// What `--curve` prints: AP at several ratios.
struct PruneCurveReport {
  var model: String
  /// The annotations' file.
  var coco: String
  var method: PruningMethod
  /// How many pictures layers were fitted on, and models evaluated on.
  var pictures: (calibrated: Int, evaluated: Int)
  /// Where the drawing is.
  var file: String
  var curve: PruningCurve

  var drawing: AccuracyCurve {
    curve.drawing(title: "\(model) on \(coco), pruned without training", method: method)
  }

  var text: String {
    var table = Table(
      ["ratio", "multiplications", "parameters", "nonzero", "AP", "AP50", "seconds"],
      alignment: Array(repeating: .right, count: 7))
    for row in curve.rows {
      table.add([
        row.ratio == 0 ? "none" : Figure.text(row.ratio, decimals: 2), Figure.scaled(row.cost.multiplications),
        Figure.count(row.cost.parameters), Figure.count(row.cost.nonzero), Figure.text(row.accuracy.ap, decimals: 4),
        Figure.text(row.accuracy.ap50, decimals: 4), Figure.text(row.seconds, decimals: 0),
      ])
    }
    return """
      \(table.text)

      calibrated  on \(pictures.calibrated) pictures, each also mirrored
      evaluated   on \(pictures.evaluated) pictures, \(coco)
      seconds     of pruning and refitting; in the first row, of the layer analysis that all ratios share
      written     \(file)
      """
  }

  var value: ReportValue {
    .object([
      "model": .string(model), "annotations": .string(coco), "calibration_pictures": .int(pictures.calibrated),
      "evaluated_pictures": .int(pictures.evaluated),
      "curve": .list(
        curve.rows.map { row in
          var facts = row.cost.facts
          facts["ratio"] = .double(row.ratio)
          facts["seconds"] = .double(row.seconds)
          facts["ap"] = .double(row.accuracy.ap)
          facts["ap50"] = .double(row.accuracy.ap50)
          return .object(facts)
        }),
    ])
  }
}

extension ModelCost {
  fileprivate var facts: [String: ReportValue] {
    ["multiplications": .double(multiplications), "parameters": .int(parameters), "nonzero": .int(nonzero)]
  }
}
