import EdgepipeCore

/// A table that scrolls within its own box where there is no room for it; its first column stays in sight.
struct DataTable {
  /// A cell of text or of numbers, which are aligned to the right.
  struct Cell {
    let content: Markup
    let isNumber: Bool

    static func number(_ text: String) -> Cell { Cell(content: "\(text)", isNumber: true) }
    static func text(_ text: String) -> Cell { Cell(content: "\(text)", isNumber: false) }
    static func markup(_ content: Markup) -> Cell { Cell(content: content, isNumber: false) }
  }

  struct Row {
    /// What the row is about.
    let head: Markup
    let cells: [Cell]
    /// A sum of the rows above.
    var isTotal = false
  }

  /// For those who do not see it.
  let caption: String
  let headHeading: String
  let headings: [Cell]
  let rows: [Row]

  var markup: Markup {
    let header = Markup.joined(headings.map { "<th scope=\"col\"\(Self.style($0))>\($0.content)</th>" })
    let lines = rows.map { row -> Markup in
      let cells = Markup.joined(row.cells.map { "<td\(Self.style($0))>\($0.content)</td>" })
      let style: Markup = row.isTotal ? " class=\"total\"" : .empty
      return "<tr\(style)><th scope=\"row\">\(row.head)</th>\(cells)</tr>\n"
    }
    return """
      <div class="table-box" role="region" aria-label="\(caption)" tabindex="0"><table><caption>\(caption)</caption>
      <thead><tr><th scope="col">\(headHeading)</th>\(header)</tr></thead>
      <tbody>
      \(lines)</tbody></table></div>
      """
  }

  private static func style(_ cell: Cell) -> Markup { cell.isNumber ? " class=\"number\"" : .empty }

  /// A name from outside: cut off by the style where it is long, whole when pointed at.
  static func name(_ name: String, note: String = "") -> Markup {
    let noteMarkup: Markup = note.isEmpty ? .empty : "<span class=\"note\">\(Figure.clipped(note, 40))</span>"
    return
      "<span class=\"name\" title=\"\(Figure.clipped(name, 200))\">\(Figure.clipped(name, 200))</span>\(noteMarkup)"
  }
}
