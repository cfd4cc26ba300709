import Foundation

/// Shares over shares as a drawing in a file of its own: curves in a square from 0 to 1, in steps, since a value holds for
/// all that is left of it.
struct StepCurves {
  struct Curve {
    var name: String
    /// `#rrggbb`.
    var color: String
    /// The strokes and gaps of its line; empty for a whole one.
    var dash = ""
    /// One for each of ``StepCurves/levels``.
    var values: [Double]
  }

  var title: String
  /// Of the axes.
  var across: String
  var up: String
  /// The places of the values on the horizontal axis, rising.
  var levels: [Double]
  var curves: [Curve]

  private static let width = 640.0, height = 460.0
  /// The square of the axes.
  private static let left = 64.0, top = 56.0, side = 340.0

  /// The text of an SVG file.
  var svg: String {
    let drawing = Drawing(
      width: Self.width, height: Self.height, left: Self.left, title: title,
      description: "\(up.capitalized) over \(across): \(curves.map(\.name).joined(separator: ", ")).")
    return drawing.text("\n\(axes)\n\(lines)")
  }

  private var axes: Markup {
    let marks = (0...5).map { index -> Markup in
      let share = Double(index) / 5, label = String(format: "%.1f", share)
      let x = Self.left + share * Self.side, y = Self.top + (1 - share) * Self.side
      return """
        <path d="M\(x) \(Self.top)v\(Self.side)M\(Self.left) \(y)h\(Self.side)" stroke="#ddd"/>
        <text x="\(x)" y="\(Self.top + Self.side + 20)" text-anchor="middle">\(label)</text>
        <text x="\(Self.left - 8)" y="\(y + 4)" text-anchor="end">\(label)</text>

        """
    }
    return """
      \(marks)\
      <path d="M\(Self.left) \(Self.top)v\(Self.side)h\(Self.side)" fill="none" stroke="#222"/>
      <text x="\(Self.left + Self.side / 2)" y="\(Self.top + Self.side + 42)" text-anchor="middle">\(across)</text>
      <text x="20" y="\(Self.top + Self.side / 2)" text-anchor="middle" \
      transform="rotate(-90 20 \(Self.top + Self.side / 2))">\(up)</text>
      """
  }

  private var lines: Markup {
    var lines: Markup = curves.isEmpty ? "" : draw(curves[0], index: 0)
    for (index, curve) in curves.enumerated().dropFirst() { lines = lines + "\n" + draw(curve, index: index) }
    return lines
  }

  private func draw(_ curve: Curve, index: Int) -> Markup {
    var path = ""
    for (level, value) in zip(levels, curve.values) {
      let x = Self.number(Self.left + level * Self.side), y = Self.number(Self.top + (1 - value) * Self.side)
      path += path.isEmpty ? "M\(x) \(y)" : "V\(y)H\(x)"
    }
    let legend = Self.top + 16 + Double(index) * 22, start = Self.left + Self.side + 20
    let dash: Markup = curve.dash.isEmpty ? "" : " stroke-dasharray=\"\(curve.dash)\""
    let stroke: Markup = "stroke=\"\(curve.color)\" stroke-width=\"2\" fill=\"none\"\(dash)"
    return """
      <path d="\(path)" \(stroke)/>
      <path d="M\(start) \(legend - 4)h24" \(stroke)/>
      <text x="\(start + 32)" y="\(legend)">\(curve.name)</text>
      """
  }

  /// To a hundredth, with both digits where there are any.
  private static func number(_ value: Double) -> String {
    let text = String(format: "%.2f", value)
    return text.hasSuffix(".00") ? String(text.dropLast(3)) : text
  }
}
