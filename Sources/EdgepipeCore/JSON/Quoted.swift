/// Text from a file as messages show it.
package enum Quoted {
  /// In quotes, on one line, at most 60 characters, without control characters and passwords.
  package static func text(_ text: String) -> String {
    // A hostile text may have megabytes. What is cut off may hold the '@' that ends a password, so one is put there.
    let head = text.unicodeScalars.prefix(200)
    let shown = URLRedaction.redact(String(head) + (head.endIndex == text.unicodeScalars.endIndex ? "" : "@"))
    var result = ""
    for scalar in shown.unicodeScalars.prefix(60) {
      switch scalar.properties.generalCategory {
      // Format characters can turn the direction of a terminal's line.
      case .control, .format, .lineSeparator, .paragraphSeparator:
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return "'\(result)\(shown.unicodeScalars.count > 60 ? "..." : "")'"
  }
}

/// Paths inside a document, such as `stages[2].config.score`.
package enum JSONPath {
  package static func join(_ path: String, key: String) -> String {
    let isPlain = !key.isEmpty && key.utf8.count <= 60 && key.utf8.allSatisfy { $0.isWordByte || $0 == "-" }
    let shown = isPlain ? key : Quoted.text(key)
    return path.isEmpty ? shown : path + "." + shown
  }
}

extension JSONNode {
  /// A string as messages show it: as written in the file, never a value from the environment.
  package var quoted: String { Quoted.text(original ?? string ?? "") }
}

extension Quoted {
  /// As `text`, without the quotes.
  package static func plain(_ text: some StringProtocol) -> String {
    String(self.text(String(text)).dropFirst().dropLast())
  }
}

extension Quoted {
  /// Text of the file for a message: on one line and short.
  package static func short(_ text: String) -> String {
    let shown = text.unicodeScalars.prefix(40).map { $0.properties.generalCategory == .control ? "?" : String($0) }
    return shown.joined() + (text.unicodeScalars.count > 40 ? "..." : "")
  }
}
