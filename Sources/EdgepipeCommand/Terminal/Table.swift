/// A table in plain text whose columns line up. On a terminal it keeps to the width of the screen, see ``TableLayout``;
/// elsewhere nothing is left out.
struct Table {
  enum Alignment { case left, right }

  /// Nil: only rows, without a rule above them.
  private let header: [String]?
  private let alignment: [Alignment]
  private var rows: [[String]] = []

  /// - Parameter alignment: one for each column.
  init(_ header: [String]? = nil, alignment: [Alignment]) {
    self.header = header
    self.alignment = alignment
  }

  mutating func add(_ row: [String]) { rows.append(row) }

  /// As standard output takes it.
  var text: String { text(width: Terminal.outputColumns) }

  /// - Parameter width: what a line may have; nil: any.
  func text(width: Int?) -> String {
    let all = [header].compactMap { $0 } + rows
    let natural = alignment.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    let layout = TableLayout(natural: natural, isText: alignment.map { $0 == .left }, width: width)
    guard let header else { return rows.flatMap(layout.lines).joined(separator: "\n") }
    return (layout.lines(header) + [layout.rule] + rows.flatMap(layout.lines)).joined(separator: "\n")
  }
}
