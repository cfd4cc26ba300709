import Foundation

/// Precision over recall as a drawing: the mean over the categories, at IoU 0.50, 0.75 and averaged over all
/// thresholds.
public enum PrecisionRecallPlot {
  private struct Line {
    var name: String
    var color: String
    var dash: String
    /// Precision at each recall level.
    var values: [Double]
  }

  private static let width = 640.0, height = 460.0
  /// The square of the axes.
  private static let left = 64.0, top = 56.0, side = 340.0

  /// The text of an SVG file.
  ///
  /// - Parameter title: one line above the drawing.
  public static func svg(_ evaluation: COCOEvaluation, title: String) -> String {
    let lines = lines(of: evaluation)
    let words = lines.map(\.name).joined(separator: ", ")
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(number(width))" height="\(number(height))" \
      viewBox="0 0 \(number(width)) \(number(height))" font-family="system-ui, sans-serif" font-size="13" fill="#222" \
      role="img" aria-labelledby="title desc">
      <title id="title">\(escaped(title))</title>
      <desc id="desc">Precision over recall: \(escaped(words)).</desc>
      <rect width="100%" height="100%" fill="#fff"/>
      <text x="\(number(left))" y="32" font-size="16">\(escaped(title))</text>
      \(axes)
      \(lines.enumerated().map { draw($1, index: $0) }.joined(separator: "\n"))
      </svg>

      """
  }

  private static func lines(of evaluation: COCOEvaluation) -> [Line] {
    guard !evaluation.precision.isEmpty else { return [] }
    let mean = COCOEvaluation.recallLevels.indices.map { level in
      evaluation.precision.reduce(0) { $0 + $1[level] } / Double(evaluation.precision.count)
    }
    func name(_ figure: COCOFigure, _ threshold: String) -> String {
      "IoU \(threshold): \(figure.title) \(evaluation.overall[figure].map { String(format: "%.3f", $0) } ?? "none")"
    }
    return [
      Line(name: name(.ap50, "0.50"), color: "#0b6fae", dash: "", values: evaluation.precision[0]),
      Line(name: name(.ap75, "0.75"), color: "#b5540a", dash: "7 3", values: evaluation.precision[5]),
      Line(name: name(.ap, "0.50 to 0.95"), color: "#222222", dash: "2 3", values: mean),
    ]
  }

  private static var axes: String {
    let marks = (0...5).map { index -> String in
      let share = Double(index) / 5, label = String(format: "%.1f", share)
      let x = number(left + share * side), y = number(top + (1 - share) * side)
      return """
        <path d="M\(x) \(number(top))v\(number(side))M\(number(left)) \(y)h\(number(side))" stroke="#ddd"/>
        <text x="\(x)" y="\(number(top + side + 20))" text-anchor="middle">\(label)</text>
        <text x="\(number(left - 8))" y="\(number(top + (1 - share) * side + 4))" text-anchor="end">\(label)</text>
        """
    }
    return marks.joined(separator: "\n") + """

      <path d="M\(number(left)) \(number(top))v\(number(side))h\(number(side))" fill="none" stroke="#222"/>
      <text x="\(number(left + side / 2))" y="\(number(top + side + 42))" text-anchor="middle">recall</text>
      <text x="20" y="\(number(top + side / 2))" text-anchor="middle" \
      transform="rotate(-90 20 \(number(top + side / 2)))">precision</text>
      """
  }

  /// Steps, since a precision holds for every recall up to its own.
  private static func draw(_ line: Line, index: Int) -> String {
    var path = ""
    for (level, value) in line.values.enumerated() {
      let x = number(left + COCOEvaluation.recallLevels[level] * side), y = number(top + (1 - value) * side)
      path += level == 0 ? "M\(x) \(y)" : "V\(y)H\(x)"
    }
    let legend = top + 16 + Double(index) * 22, start = left + side + 20
    let stroke =
      "stroke=\"\(line.color)\" stroke-width=\"2\" fill=\"none\""
      + (line.dash.isEmpty ? "" : " stroke-dasharray=\"\(line.dash)\"")
    return """
      <path d="\(path)" \(stroke)/>
      <path d="M\(number(start)) \(number(legend - 4))h24" \(stroke)/>
      <text x="\(number(start + 32))" y="\(number(legend))">\(escaped(line.name))</text>
      """
  }

  private static func number(_ value: Double) -> String {
    let text = String(format: "%.2f", value)
    return text.hasSuffix(".00") ? String(text.dropLast(3)) : text
  }

  private static func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "\"": result += "&quot;"
      // No control characters in XML.
      case _ where scalar.properties.generalCategory == .control: result += "?"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
}
