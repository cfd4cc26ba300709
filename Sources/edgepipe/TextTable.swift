/// Rows of text with columns that line up; the last column is as wide as it needs.
struct TextTable {
  var header: [String]?
  var rows: [[String]]

  var lines: [String] {
    let all = [header].compactMap { $0 } + rows
    let columns = all.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in all.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
    return all.map { row in
      row.enumerated().map { column, text in
        column == row.count - 1 ? text : text + String(repeating: " ", count: widths[column] - text.count)
      }.joined(separator: "  ")
    }
  }

  func print() {
    for line in lines { Swift.print(line) }
  }
}
