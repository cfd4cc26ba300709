import EdgepipeCore

/// One line chart of the time line, with its name and a summary in words beside it.
struct Strip {
  /// Unique in the page.
  let id: String
  let label: String
  /// Follows the label, less prominent.
  var detail = ""
  /// What the line shows, in numbers.
  let note: String
  var color = 0
  var shape = LineChart.Shape.straight
  var points: [LineChart.Point] = []
  /// What the vertical axis must reach.
  var highest = 0.0
  var height = 0.0
  var limit: LineChart.Limit?
  /// Whether the values are counts.
  var isWhole = false
  /// Said in place of the chart.
  var nothing: String?

  func markup(axis: Ticks, seconds: Double, isLast: Bool) -> Markup {
    let detailMarkup: Markup = detail.isEmpty ? .empty : " <span class=\"note\">\(Figure.clipped(detail, 40))</span>"
    return """
      <div class="strip"><p class="strip-label"><span class="name" title="\(Figure.clipped(label, 200))">\
      \(Figure.clipped(label, 200))</span>\(detailMarkup) <span class="strip-note">\(note)</span></p>\
      \(chart(axis, seconds, isLast))</div>

      """
  }

  private func chart(_ axis: Ticks, _ seconds: Double, _ isLast: Bool) -> Markup {
    if let nothing { return "<p class=\"nothing\">\(nothing)</p>" }
    let name = [Figure.clipped(label, 60), Figure.clipped(detail, 40)].filter { !$0.isEmpty }.joined(separator: ", ")
    return LineChart(
      id: "strip-\(id)", title: "\(name) over time", description: "From 0 to \(Figure.duration(seconds)): \(note).",
      series: [.init(name: label, points: points)], shape: shape, xTicks: axis, xDomain: 0...seconds,
      yTicks: yTicks, limit: limit, height: height, color: color, hasXLabels: isLast
    ).markup
  }

  /// A queue's axis ends at its capacity, so that a full queue is seen as full.
  private var yTicks: Ticks {
    if isWhole {
      let top = max(1, highest.rounded(.up))
      return Ticks(values: [0, top], labels: ["0", Figure.text(top, decimals: 0)])
    }
    return height < 50 ? .ceiling(highest) : .nice(0...max(highest, 0), about: height < 70 ? 2 : 3)
  }
}
