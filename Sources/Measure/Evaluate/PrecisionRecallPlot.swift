import Foundation

/// Precision over recall as a drawing: the mean over the categories, at IoU 0.50, 0.75 and averaged over all
/// thresholds.
package enum PrecisionRecallPlot {
  /// The text of an SVG file.
  ///
  /// - Parameter title: one line above the drawing.
  package static func svg(_ evaluation: COCOEvaluation, title: String) -> String {
    StepCurves(
      title: title, across: "recall", up: "precision", levels: COCOEvaluation.recallLevels,
      curves: curves(of: evaluation)
    ).svg
  }

  private static func curves(of evaluation: COCOEvaluation) -> [StepCurves.Curve] {
    guard !evaluation.precision.isEmpty else { return [] }
    let mean = COCOEvaluation.recallLevels.indices.map { level in
      evaluation.precision.reduce(0) { $0 + $1[level] } / Double(evaluation.precision.count)
    }
    func name(_ figure: COCOFigure, _ threshold: String) -> String {
      "IoU \(threshold): \(figure.title) \(evaluation.overall[figure].map { String(format: "%.3f", $0) } ?? "none")"
    }
    return [
      .init(name: name(.ap50, "0.50"), color: "#0b6fae", values: evaluation.precision[0]),
      .init(name: name(.ap75, "0.75"), color: "#b5540a", dash: "7 3", values: evaluation.precision[5]),
      .init(name: name(.ap, "0.50 to 0.95"), color: "#222222", dash: "2 3", values: mean),
    ]
  }
}
