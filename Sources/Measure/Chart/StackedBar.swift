import EdgepipeCore

/// Parts of a whole beside each other in one bar.
public struct StackedBar: Sendable {
  public struct Part: Sendable {
    public var label: String
    /// At least 0, in any unit.
    public var value: Double
    public var color: ChartColor

    public init(label: String, value: Double, color: ChartColor) {
      self.label = label
      self.value = value
      self.color = color
    }
  }

  /// Unique in the page.
  public var id: String
  public var title: String
  public var description: String
  public var parts: [Part]

  public init(id: String, title: String, description: String, parts: [Part]) {
    self.id = id
    self.title = title
    self.description = description
    self.parts = parts
  }

  private static let height = 22.0

  public var markup: Markup {
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
