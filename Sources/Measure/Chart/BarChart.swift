import EdgepipeCore

/// Horizontal bars on one scale, in rows with a label, and the numbers beside them.
///
/// A bar may have several levels, such as percentiles: it is darkest up to the lowest one.
struct BarChart: Sendable {
  struct Bar: Sendable {
    /// Rising, at most three.
    var levels: [Double]
    var color: ChartColor
    /// What is written beside it, one text for each of the chart's columns.
    var values: [String]

    init(levels: [Double], color: ChartColor, values: [String]) {
      self.levels = levels
      self.color = color
      self.values = values
    }
  }

  struct Row: Sendable {
    var label: String
    /// Follows the label, less prominent.
    var note: String
    var bars: [Bar]

    init(label: String, note: String = "", bars: [Bar]) {
      self.label = label
      self.note = note
      self.bars = bars
    }
  }

  /// Unique in the page.
  var id: String
  var title: String
  /// In words and numbers, for those who do not see it.
  var description: String
  /// Headings of the numbers, such as `p50`.
  var columns: [String]
  var rows: [Row]
  /// The scale begins at the first mark, which is where the bars begin, and ends at the last one.
  var ticks: Ticks
  /// Room for so many bars in each row, so that the rows of charts beside each other line up.
  var barsPerRow: Int

  init(
    id: String, title: String, description: String, columns: [String], rows: [Row], ticks: Ticks, barsPerRow: Int = 1
  ) {
    self.id = id
    self.title = title
    self.description = description
    self.columns = columns
    self.rows = rows
    self.ticks = ticks
    self.barsPerRow = barsPerRow
  }

  private static let barHeight = 9.0
  private static let barStep = 14.0
  private static let labelHeight = 17.0
  private static let rowGap = 9.0
  private static let columnWidth = 46.0
  /// Characters of label and note that fit a phone.
  private static let labelLength = 42

  private var top: Double { columns.contains { !$0.isEmpty } ? 16 : 2 }
  private var scale: LinearScale { LinearScale(ticks) }

  var markup: Markup {
    var y = top
    var marks: [Markup] = []
    for row in rows {
      marks.append(label(row, y: y + 12))
      y += Self.labelHeight
      for (index, bar) in row.bars.enumerated() {
        marks.append(mark(bar, y: y + Double(index) * Self.barStep))
      }
      y += Double(max(row.bars.count, barsPerRow)) * Self.barStep + Self.rowGap
    }
    let bottom = y - Self.rowGap + 4
    let frame = ChartFrame(
      id: id, title: title, description: description, height: bottom + 20,
      right: Double(columns.count) * Self.columnWidth + 4)
    let grid = ChartFrame.verticals(ticks, scale, from: top, to: bottom)
    return frame.markup(
      grid + headings + .joined(marks) + ChartFrame.labels(ticks, scale, y: bottom + 15, hasRoom: true))
  }

  private var headings: Markup {
    .joined(columns.enumerated().map { index, text in number(text, column: index, y: 9, style: "") })
  }

  private func number(_ text: String, column: Int, y: Double, style: String) -> Markup {
    """
    <text class="\(style)" x="100%" dx="\(Double(column + 1) * Self.columnWidth)" y="\(y)" text-anchor="end">\(text)</text>
    """
  }

  private func label(_ row: Row, y: Double) -> Markup {
    let label = Figure.clipped(row.label, Self.labelLength)
    let note = label.count + row.note.count < Self.labelLength ? row.note : ""
    let noteSpan: Markup = note.isEmpty ? .empty : "<tspan class=\"note\" dx=\"7\">\(note)</tspan>"
    return """
      <text class="halo" x="0" y="\(y)"><tspan class="label">\(label)</tspan>\(noteSpan)</text>
      """
  }

  private func mark(_ bar: Bar, y: Double) -> Markup {
    let lengths = bar.levels.map { scale.fraction($0) * 100 }
    let count = lengths.count
    // The longest first, so that the shorter ones lie upon it.
    let rectangles = lengths.enumerated().reversed().map { level, length -> Markup in
      let tint = level == 0 ? "" : " tint\(min(2, level))"
      return """
        <rect class="bar \(bar.color.name)\(tint)" x="0" y="\(y)" width="\(length)%" height="\(Self.barHeight)"/>
        """
    }
    // Where a pale bar ends must be seen as well as where a dark one does.
    let end: Markup =
      count > 1
      ? """
      <rect class="bar \(bar.color.name)" x="\(lengths[count - 1])%" y="\(y)" width="1.5" height="\(Self.barHeight)"/>
      """ : .empty
    let values = bar.values.prefix(columns.count).enumerated().map { index, text in
      number(text, column: index, y: y + 8.5, style: "value")
    }
    return .joined(rectangles) + end + .joined(values)
  }
}
