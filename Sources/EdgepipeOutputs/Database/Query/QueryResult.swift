import EdgepipeCore
import Foundation
import Stages

/// Rows that answer a question.
package struct QueryResult: Sendable {
  package enum Value: Sendable, Hashable {
    case none
    case text(String)
    case integer(Int64)
    case number(Double)
    /// Milliseconds since 1970.
    case time(Int64)
    case bytes([UInt8])
  }

  package var columns: [String]
  package var rows: [[Value]]
  /// There were more than the limit.
  package var isCut = false

  package init(columns: [String], rows: [[Value]], isCut: Bool = false) {
    self.columns = columns
    self.rows = rows
    self.isCut = isCut
  }

  /// Whether a column holds numbers alone, which stand at its right edge.
  package func isNumeric(_ column: Int) -> Bool {
    let values = rows.map { $0[column] }.filter { $0 != .none }
    return !values.isEmpty
      && values.allSatisfy {
        switch $0 {
        case .integer, .number: true
        default: false
        }
      }
  }

  /// The cells as people read them: one line each.
  package func cells(_ zone: QueryZone) -> [[String]] {
    rows.map { row in
      row.map { value in
        switch value {
        case .none: ""
        case .text(let text): Self.plain(text)
        case .integer(let number): String(number)
        case .number(let number): Self.shortened(number)
        case .time(let milliseconds): zone.text(milliseconds)
        case .bytes(let bytes): "(\(bytes.count) bytes)"
        }
      }
    }
  }

  /// Comma-separated values (RFC 4180) with a header; bytes are written in Base64.
  package func csv(_ zone: QueryZone) -> String {
    func line(_ cells: [String]) -> String { cells.map(Self.quoted).joined(separator: ",") + "\r\n" }
    return line(columns)
      + rows.map { row in line(row.map { Self.programText($0, zone) }) }.joined()
  }

  /// A JSON array with an object for each row, whose keys are the columns in their order.
  package func json(_ zone: QueryZone) -> String {
    let names = columns.map(Self.jsonString)
    let lines = rows.map { row in
      "  {" + zip(names, row).map { "\($0): \(Self.json($1, zone))" }.joined(separator: ", ") + "}"
    }
    return lines.isEmpty ? "[]\n" : "[\n" + lines.joined(separator: ",\n") + "\n]\n"
  }

  private static func programText(_ value: Value, _ zone: QueryZone) -> String {
    switch value {
    case .none: ""
    case .text(let text): text
    case .integer(let number): String(number)
    case .number(let number): "\(number)"
    case .time(let milliseconds): zone.iso8601(milliseconds)
    case .bytes(let bytes): Data(bytes).base64EncodedString()
    }
  }

  private static func json(_ value: Value, _ zone: QueryZone) -> String {
    switch value {
    case .none: "null"
    // JSON has no word for what is not finite.
    case .number(let number) where !number.isFinite: "null"
    case .integer, .number: programText(value, zone)
    default: jsonString(programText(value, zone))
    }
  }

  private static func jsonString(_ text: String) -> String {
    var buffer = JSONLineBuffer()
    buffer.string(text)
    return String(decoding: buffer.bytes, as: UTF8.self)
  }

  private static func quoted(_ text: String) -> String {
    let needsQuotes = text.unicodeScalars.contains { "\",\r\n".unicodeScalars.contains($0) }
    return needsQuotes ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
  }

  /// Three decimals at most, without zeros at the end.
  private static func shortened(_ number: Double) -> String {
    guard number.isFinite, abs(number) < 1e12 else { return "\(number)" }
    var text = String(format: "%.3f", number)
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }

  /// Line breaks and control characters would break the table, or worse, the terminal.
  private static func plain(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isUnprintable) else { return text }
    return text.unicodeScalars.reduce(into: "") { result, scalar in
      result += isUnprintable(scalar) ? " " : String(scalar)
    }
  }

  private static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
