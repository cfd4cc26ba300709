/// A table in plain text whose columns line up.
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

  var text: String {
    let all = [header].compactMap { $0 } + rows
    let widths = alignment.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      let padded = cells.indices.map { column in
        let space = String(repeating: " ", count: max(0, widths[column] - cells[column].count))
        return alignment[column] == .right ? space + cells[column] : cells[column] + space
      }
      return padded.joined(separator: "  ").trimmedAtEnd
    }
    guard let header else { return rows.map(line).joined(separator: "\n") }
    let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
    return ([line(header), rule] + rows.map(line)).joined(separator: "\n")
  }
}

extension String {
  fileprivate var trimmedAtEnd: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
