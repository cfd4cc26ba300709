/// How wide each column of a table is, so that its lines fit.
///
/// Numbers stay whole. Text is wrapped at spaces, that of the last column first; where too little room is left for it
/// beside the others, it goes below them, on lines of its own. Nothing is cut off.
struct TableLayout {
  static let gap = "  "
  /// The last column beside the others has at least so many characters.
  private static let leastText = 24
  /// Other texts are not made narrower.
  private static let leastCell = 8
  private static let indent = "    "

  /// For all columns, or without the last one where that goes below.
  private var widths: [Int]
  private let isText: [Bool]
  /// The width of the last column, where that goes below the others.
  private var below: Int?

  /// - Parameters:
  ///   - natural: what each column needs.
  ///   - isText: whether it holds text; others hold numbers.
  ///   - width: what a line may have; nil: any.
  init(natural: [Int], isText: [Bool], width: Int?) {
    widths = natural
    self.isText = isText
    guard let width, Self.total(natural) > width, let last = natural.indices.last else { return }
    if isText[last], natural[last] > Self.leastText {
      let room = width - Self.total(Array(natural[..<last])) - (last > 0 ? Self.gap.count : 0)
      if last == 0 || room >= Self.leastText {
        widths[last] = max(1, room)
        return
      }
      widths.removeLast()
      below = max(1, width - Self.indent.count)
    }
    while Self.total(widths) > width, let widest = Self.widest(widths, isText) { widths[widest] -= 1 }
  }

  private static func total(_ widths: [Int]) -> Int { widths.reduce(0, +) + gap.count * max(0, widths.count - 1) }

  private static func widest(_ widths: [Int], _ isText: [Bool]) -> Int? {
    widths.indices.filter { isText[$0] && widths[$0] > leastCell }.max { widths[$0] < widths[$1] }
  }

  var rule: String { widths.map { String(repeating: "-", count: $0) }.joined(separator: Self.gap) }

  /// One row.
  func lines(_ cells: [String]) -> [String] {
    let columns = widths.indices.map { column in
      isText[column] ? Self.wrap(cells[column], width: widths[column]) : [cells[column]]
    }
    let height = columns.map(\.count).max() ?? 0
    var lines = (0..<height).map { number in
      let padded = widths.indices.map { column in
        let cell = number < columns[column].count ? columns[column][number] : ""
        let space = String(repeating: " ", count: max(0, widths[column] - cell.count))
        return isText[column] ? cell + space : space + cell
      }
      return padded.joined(separator: Self.gap).trimmedAtEnd
    }
    if let below, let text = cells.last, !text.isEmpty {
      lines += Self.wrap(text, width: below).map { Self.indent + $0 }
    }
    return lines
  }

  /// Breaks at spaces, and within words that are longer than a line.
  static func wrap(_ text: String, width: Int) -> [String] {
    guard text.count > width else { return [text] }
    var lines: [String] = [], line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
      while line.count > width {
        lines.append(String(line.prefix(width)))
        line.removeFirst(width)
      }
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }
}

extension String {
  fileprivate var trimmedAtEnd: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
