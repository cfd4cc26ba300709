import EdgepipeCore
import Foundation

/// A Darknet cfg file as sections of `key=value` lines; nothing is interpreted yet.
struct DarknetConfig {
  struct Section {
    /// Without the brackets.
    var name: String
    /// Counts from 1.
    var line: Int
    var options: [String: String]
    /// For error messages.
    var file: String

    func error(_ what: String) -> PipelineError {
      PipelineError("\(file):\(line): [\(name)] \(what)", code: .malformed)
    }

    /// A whole number within `range`.
    func integer(_ key: String, default value: Int?, in range: ClosedRange<Int>) throws -> Int {
      guard let text = options[key] else {
        if let value { return value }
        throw error("lacks '\(key)'")
      }
      guard let number = Int(text), range.contains(number) else {
        throw error("has \(key)=\(text), expected \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }

    /// Comma-separated numbers; a comma at the end is allowed, as Darknet's own files have it.
    func numbers(_ key: String) throws -> [Double]? {
      guard let text = options[key] else { return nil }
      var result: [Double] = []
      for part in text.split(separator: ",") {
        guard let number = Double(part), number.isFinite, abs(number) < 1e6 else {
          throw error("has \(key)=\(text): '\(part)' is not a number")
        }
        result.append(number)
      }
      return result
    }

    func integers(_ key: String) throws -> [Int]? {
      try numbers(key)?.map { number in
        guard number == number.rounded() else { throw error("has '\(number)' in '\(key)', a whole number is expected") }
        return Int(number)
      }
    }
  }

  static let maximumByteCount = 1 << 20

  var sections: [Section] = []

  /// - Throws: a ``PipelineError`` (`malformed`) with the line at fault.
  init(data: Data, file: String) throws {
    guard data.count <= Self.maximumByteCount else {
      throw PipelineError("'\(file)' holds \(data.count) bytes, too many for a Darknet cfg file", code: .malformed)
    }
    for (index, line) in TextFile.lines(Array(data)).enumerated() {
      // As Darknet does: blanks do not count, wherever they are.
      let text = String(decoding: line, as: UTF8.self).filter { !$0.isWhitespace }
      guard let first = text.first, first != "#", first != ";" else { continue }
      if first == "[" {
        guard text.last == "]", text.count > 2 else { throw Self.error(file, index, text, "is not a section") }
        sections.append(
          Section(name: String(text.dropFirst().dropLast()), line: index + 1, options: [:], file: file))
        continue
      }
      guard let equals = text.firstIndex(of: "="), equals > text.startIndex, !sections.isEmpty else {
        throw Self.error(file, index, text, "is not a 'key=value' line in a section")
      }
      let key = String(text[..<equals])
      // Darknet takes the first of several.
      if sections[sections.count - 1].options[key] == nil {
        sections[sections.count - 1].options[key] = String(text[text.index(after: equals)...])
      }
    }
    guard let first = sections.first, first.name == "net" || first.name == "network" else {
      throw PipelineError("'\(file)' is not a Darknet cfg file: it does not start with [net]", code: .malformed)
    }
  }

  private static func error(_ file: String, _ index: Int, _ text: String, _ what: String) -> PipelineError {
    PipelineError("\(file):\(index + 1): '\(text.prefix(60))' \(what)", code: .malformed)
  }
}
