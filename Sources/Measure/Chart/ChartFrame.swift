/// The drawing around the marks of a chart: an `svg` with a title and a description, as wide as there is room.
///
/// Widths are shares of the room there is, so that a chart fits a phone and a wide screen while its text keeps its size;
/// heights are pixels.
struct ChartFrame {
  /// Unique in the page, for the references to the title and the description.
  let id: String
  let title: String
  /// What the chart shows, in words and numbers.
  let description: String
  /// Pixels.
  let height: Double
  /// Pixels beside the drawing, for labels.
  var left = 0.0
  var right = 0.0
  var style = "plot"

  func markup(_ content: Markup) -> Markup {
    """
    <div class="plot-box" style="padding: 0 \(right)px 0 \(left)px"><svg class="\(style)" role="img" \
    aria-labelledby="\(id)-title \(id)-desc" width="100%" height="\(height)"><title id="\(id)-title">\(title)</title>\
    <desc id="\(id)-desc">\(description)</desc>\(content)</svg></div>
    """
  }

  /// Labels below a horizontal axis. The last one stays within the axis, unless there is room beside it.
  static func labels(_ ticks: Ticks, _ scale: LinearScale, y: Double, hasRoom: Bool) -> Markup {
    Markup.joined(
      zip(ticks.values, ticks.labels).map { value, label in
        let share = scale.fraction(value)
        let anchor = share < 0.03 ? "start" : share > 0.94 && !hasRoom ? "end" : "middle"
        return "<text x=\"\(share * 100)%\" y=\"\(y)\" text-anchor=\"\(anchor)\">\(label)</text>"
      })
  }

  /// Lines across a chart at the marks of a horizontal axis.
  static func verticals(_ ticks: Ticks, _ scale: LinearScale, from top: Double, to bottom: Double) -> Markup {
    Markup.joined(
      ticks.values.map {
        let x = scale.fraction($0) * 100
        return "<line class=\"grid\" x1=\"\(x)%\" x2=\"\(x)%\" y1=\"\(top)\" y2=\"\(bottom)\"/>"
      })
  }
}

extension Markup {
  static func joined(_ pieces: [Markup]) -> Markup { "\(pieces)" }
}
