import Foundation

/// Quantities of the same things as a drawing in a file of its own: for each quantity a bar of every thing.
struct BarPanels {
  struct Thing {
    var name: String
    var tone: Tone
  }

  /// How much a thing stands out.
  enum Tone: String {
    case plain = "#777777"
    case strong = "#0b6fae"
    case faint = "#c9d6df"
  }

  struct Panel {
    var title: String
    /// Digits after the point.
    var digits: Int
    /// One for each thing; nil where it was not measured.
    var values: [Double?]
  }

  var title: String
  var things: [Thing]
  var panels: [Panel]

  private static let barHeight = 16.0, barStep = 22.0, panelGap = 44.0
  private static let left = 190.0, width = 720.0, barWidth = 430.0, top = 60.0

  /// The text of an SVG file.
  var svg: String {
    let panelHeight = Double(things.count) * Self.barStep + Self.panelGap
    let drawing = Drawing(
      width: Self.width, height: Self.top + Double(panels.count) * panelHeight, left: 16, title: title,
      description: description)
    return drawing.text("\(panels.enumerated().map { draw($1, y: Self.top + Double($0) * panelHeight) })")
  }

  private var description: String {
    panels.map { panel in
      let values = zip(things, panel.values).map { "\($0.name) \(Self.text($1, panel.digits))" }
      return "\(panel.title): " + values.joined(separator: ", ")
    }.joined(separator: ". ")
  }

  private func draw(_ panel: Panel, y: Double) -> Markup {
    let most = panel.values.compactMap(\.self).max() ?? 0
    let bars = zip(things, panel.values).enumerated().map { index, bar -> Markup in
      let (thing, value) = bar, at = y + 12 + Double(index) * Self.barStep
      let length = most > 0 ? (value ?? 0) / most * Self.barWidth : 0
      return """

        <text x="\(Self.left - 10)" y="\(at + 12)" text-anchor="end">\(thing.name)</text>\
        <rect x="\(Self.left)" y="\(at)" width="\(length)" height="\(Self.barHeight)" fill="\(thing.tone.rawValue)"/>\
        <text x="\(Self.left + length + 8)" y="\(at + 12)">\(Self.text(value, panel.digits))</text>
        """
    }
    return """

      <text x="16" y="\(y)" font-weight="600">\(panel.title)</text>\(bars)
      """
  }

  private static func text(_ value: Double?, _ digits: Int) -> String {
    value.map { String(format: "%.\(digits)f", $0) } ?? "not measured"
  }
}
