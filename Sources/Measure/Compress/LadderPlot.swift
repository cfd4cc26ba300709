import Foundation

/// A ladder as a drawing: for each quantity a bar of every model, the float model's on top.
public enum LadderPlot {
  private struct Panel {
    var title: String
    var digits: Int
    var values: [Double?]
  }

  private static let barHeight = 16.0, barStep = 22.0, panelGap = 44.0
  private static let left = 190.0, width = 720.0, barWidth = 430.0, top = 60.0

  /// The text of an SVG file.
  ///
  /// - Parameter title: one line above the drawing.
  public static func svg(_ ladder: CompressionLadder, title: String) -> String {
    let rungs = ladder.rungs.filter { $0.bytes != nil }
    let panels = panels(rungs)
    let panelHeight = Double(rungs.count) * barStep + panelGap
    let height = top + Double(panels.count) * panelHeight
    let names = rungs.map { $0.fate == .leftOut ? "\($0.step), left out" : $0.step }
    let description = panels.map { panel in
      "\(panel.title): " + zip(names, panel.values).map { "\($0) \(text($1, panel.digits))" }.joined(separator: ", ")
    }.joined(separator: ". ")
    let drawing: Markup = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
      font-family="system-ui, sans-serif" font-size="13" fill="#222" role="img" aria-labelledby="title desc">
      <title id="title">\(title)</title>
      <desc id="desc">\(description)</desc>
      <rect width="100%" height="100%" fill="#fff"/>
      <text x="16" y="32" font-size="16">\(title)</text>\(panels.enumerated().map {
        draw($1, rungs, names, y: top + Double($0) * panelHeight)
      })
      </svg>

      """
    return drawing.text
  }

  /// Quantities that were measured.
  private static func panels(_ rungs: [LadderRung]) -> [Panel] {
    [
      Panel(title: "Size, MB", digits: 2, values: rungs.map { $0.bytes.map { Double($0) / 1e6 } }),
      Panel(title: "Latency, ms", digits: 1, values: rungs.map { $0.speed?.latencyMs }),
      Panel(title: "Inferences a second", digits: 1, values: rungs.map { $0.speed?.rate }),
      Panel(title: "Memory of a session, MB", digits: 1, values: rungs.map { $0.memory?.peakMB }),
      Panel(title: "Average precision", digits: 4, values: rungs.map { $0.accuracy?.ap }),
      Panel(title: "Agreement with the float model (F1)", digits: 3, values: rungs.map { $0.accuracy?.agreement?.f1 }),
    ].filter { $0.values.contains { $0 != nil } }
  }

  private static func draw(_ panel: Panel, _ rungs: [LadderRung], _ names: [String], y: Double) -> Markup {
    let most = panel.values.compactMap(\.self).max() ?? 0
    let bars = rungs.indices.map { index -> Markup in
      let at = y + 12 + Double(index) * barStep
      let length = most > 0 ? (panel.values[index] ?? 0) / most * barWidth : 0
      return """

        <text x="\(left - 10)" y="\(at + 12)" text-anchor="end">\(names[index])</text>\
        <rect x="\(left)" y="\(at)" width="\(length)" height="\(barHeight)" fill="\(color(rungs[index].fate))"/>\
        <text x="\(left + length + 8)" y="\(at + 12)">\(text(panel.values[index], panel.digits))</text>
        """
    }
    return """

      <text x="16" y="\(y)" font-weight="600">\(panel.title)</text>\(bars)
      """
  }

  private static func color(_ fate: LadderRung.Fate) -> String {
    switch fate {
    case .float: "#777777"
    case .kept: "#0b6fae"
    case .leftOut, .unavailable: "#c9d6df"
    }
  }

  private static func text(_ value: Double?, _ digits: Int) -> String {
    value.map { String(format: "%.\(digits)f", $0) } ?? "not measured"
  }
}
