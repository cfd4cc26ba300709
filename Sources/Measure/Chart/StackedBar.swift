import EdgepipeCore

/// Parts of a whole beside each other in one bar.
struct StackedBar: Sendable {
  struct Part: Sendable {
    var label: String
    /// At least 0, in any unit.
    var value: Double
    var color: ChartColor

    init(label: String, value: Double, color: ChartColor) {
      self.label = label
      self.value = value
      self.color = color
    }
  }

  /// Unique in the page.
  var id: String
  var title: String
  var description: String
  var parts: [Part]

  init(id: String, title: String, description: String, parts: [Part]) {
    self.id = id
    self.title = title
    self.description = description
    self.parts = parts
  }

  private static let height = 22.0

  var markup: Markup {
    let values = parts.map { $0.value.isFinite ? max(0, $0.value) : 0 }
    let whole = values.reduce(0, +)
    var start = 0.0
    var rectangles: [Markup] = []
    for (part, value) in zip(parts, values) where value > 0 {
      let width = value / whole * 100
      rectangles.append(
        """
        <rect class="\(part.color.name)" x="\(start)%" y="0" width="\(width)%" height="\(Self.height)">\
        <title>\(Figure.clipped(part.label, 80)) \(Figure.percent(value / whole))</title></rect>
        """)
      start += width
    }
    return ChartFrame(id: id, title: title, description: description, height: Self.height, style: "plot stack")
      .markup(.joined(rectangles))
  }
}
