/// Reads JSON and knows where everything was written. Stricter than Foundation's (no duplicate keys, no numbers out of
/// range) and more patient: after a mistake that can be seen past it goes on, so that all are reported at once.
///
/// Time and memory are bounded whatever the text: nesting, the number of values and the length of numbers have limits.
package struct JSONParser {
  /// Deeper nesting is refused; a pipeline file needs about eight levels.
  static let maximumDepth = 64
  /// More values are refused: together with the limit on the file's size this bounds the memory.
  static let maximumValues = 100_000

  /// Parsing cannot go on; the issue is in the collector.
  struct Stop: Error {}

  let bytes: [UInt8]
  var at = 0
  var issues: IssueCollector
  private var valueCount = 0
  private var path: [PathPart] = []
  /// An offset whose line and column are known: places are asked for in rising order, so each byte is counted once.
  private var mark: (offset: Int, line: Int, column: Int)
  /// Behind the byte order mark, if there is one: it is no part of the text.
  private let textStart: Int
  /// For values that were no part of a file.
  private let fixedOrigin: JSONNode.Origin?

  private enum PathPart {
    case key(String)
    case index(Int)
  }

  private init(_ bytes: [UInt8], issues: IssueCollector, origin: JSONNode.Origin? = nil) {
    self.bytes = bytes
    self.issues = issues
    self.fixedOrigin = origin
    textStart = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    at = textStart
    mark = (textStart, 1, 1)
  }

  /// The document, or nil where a mistake hides the rest; complaints go to `issues`.
  package static func parse(_ bytes: [UInt8], issues: inout IssueCollector) -> JSONNode? {
    var parser = JSONParser(bytes, issues: issues)
    let root = try? parser.document()
    issues = parser.issues
    return root
  }

  /// One value given on the command line, or nil when `text` is not JSON.
  package static func value(_ text: String, origin: JSONNode.Origin) -> JSONNode? {
    var parser = JSONParser(Array(text.utf8), issues: IssueCollector(file: ""), origin: origin)
    let root = try? parser.document()
    return parser.issues.issues.isEmpty ? root : nil
  }

  // MARK: - Structure

  private mutating func document() throws(Stop) -> JSONNode {
    try skipSpace()
    if at == bytes.count { try stop("the file is empty; expected an object", at: textStart) }
    let root = try value(depth: 0)
    try skipSpace()
    if at < bytes.count { try stop("\(found()) after the end of the document", at: at) }
    return root
  }

  private mutating func value(depth: Int) throws(Stop) -> JSONNode {
    let start = at
    let origin = origin(at: start)
    guard start < bytes.count else { try stop("unexpected end of file; expected a value", at: start) }
    valueCount += 1
    if valueCount > Self.maximumValues { try stop("more than \(Self.maximumValues) values", at: start) }
    switch bytes[start] {
    case "{":
      if depth == Self.maximumDepth { try stop("nested deeper than \(Self.maximumDepth) levels", at: start) }
      return try JSONNode(object(depth: depth + 1), origin: origin)
    case "[":
      if depth == Self.maximumDepth { try stop("nested deeper than \(Self.maximumDepth) levels", at: start) }
      return try JSONNode(array(depth: depth + 1), origin: origin)
    case "\"": return try JSONNode(string().map { .string($0) } ?? .invalid, origin: origin)
    case "-", "+", ".", "0"..."9": return JSONNode(number(), origin: origin)
    case "a"..."z", "A"..."Z": return JSONNode(literal(), origin: origin)
    default: try stop("expected a value, found \(found())", at: start)
    }
  }

  private mutating func object(depth: Int) throws(Stop) -> JSONNode.Value {
    let open = at
    at += 1
    var members: [JSONNode.Member] = []
    var places: [String: JSONNode.Origin] = [:]
    try skipSpace()
    while try !closes(with: "}", open: open, what: "object") {
      let keyOrigin = origin(at: at)
      let key = try key()
      path.append(.key(key ?? "?"))
      try skipSpace()
      if at < bytes.count, bytes[at] == ":" {
        at += 1
      } else if beginsValue() {
        issue("missing ':' after the key", at: at)
      } else {
        try stop("expected ':' after the key, found \(found())", at: at)
      }
      try skipSpace()
      let value = try value(depth: depth)
      if let key {
        if let first = places[key] {
          let path = path
          issues.add("duplicate key; \(Self.words(for: first))", at: keyOrigin, path: Self.text(of: path))
        } else {
          places[key] = keyOrigin
          members.append(JSONNode.Member(key: key, keyOrigin: keyOrigin, value: value))
        }
      }
      path.removeLast()
      try separator(before: "}", what: "object")
    }
    at += 1
    return .object(members)
  }

  private mutating func array(depth: Int) throws(Stop) -> JSONNode.Value {
    let open = at
    at += 1
    var elements: [JSONNode] = []
    try skipSpace()
    while try !closes(with: "]", open: open, what: "list") {
      path.append(.index(elements.count))
      elements.append(try value(depth: depth))
      path.removeLast()
      try separator(before: "]", what: "list")
    }
    at += 1
    return .array(elements)
  }

  /// True at the closing bracket; stops at the end of the file.
  private mutating func closes(with close: Unicode.Scalar, open: Int, what: String) throws(Stop) -> Bool {
    guard at < bytes.count else {
      let place = Self.words(for: origin(at: open), prefix: "opened")
      try stop("unexpected end of file; the \(what) \(place) is not closed", at: bytes.count)
    }
    return bytes[at] == close
  }

  /// Takes the comma between two entries.
  private mutating func separator(before close: Unicode.Scalar, what: String) throws(Stop) {
    try skipSpace()
    guard at < bytes.count, !(bytes[at] == close) else { return }
    let place = at
    if bytes[at] == "," {
      at += 1
      try skipSpace()
      if at < bytes.count, bytes[at] == close { issue("a comma after the last entry of the \(what)", at: place) }
    } else if beginsValue() {
      issue("missing ',' before the next entry of the \(what)", at: place)
    } else {
      try stop("expected ',' or '\(close)', found \(found())", at: place)
    }
  }

  /// A key, or nil for one that is not well formed and was complained about.
  private mutating func key() throws(Stop) -> String? {
    if bytes[at] == "\"" { return try string() }
    let start = at
    let word = word()
    if word.isEmpty { try stop("expected a key in double quotes, found \(found())", at: start) }
    issue("keys are written in double quotes", at: start)
    return word
  }

  // MARK: - Help for all parts

  /// Skips white space, and comments after complaining about them.
  private mutating func skipSpace() throws(Stop) {
    while at < bytes.count {
      switch bytes[at] {
      case " ", "\n", "\r", "\t": at += 1
      case "/":
        let start = at
        guard at + 1 < bytes.count, bytes[at + 1] == "/" || bytes[at + 1] == "*" else { return }
        if bytes[at + 1] == "/" {
          while at < bytes.count, !(bytes[at] == "\n") { at += 1 }
        } else {
          at += 2
          while at + 1 < bytes.count, !(bytes[at] == "*" && bytes[at + 1] == "/") { at += 1 }
          if at + 1 >= bytes.count { try stop("the comment is not closed", at: start) }
          at += 2
        }
        issue("JSON has no comments", at: start)
      default: return
      }
    }
  }

  private func beginsValue() -> Bool {
    guard at < bytes.count else { return false }
    switch bytes[at] {
    case "{", "[", "\"", "-", "0"..."9", "a"..."z", "A"..."Z": return true
    default: return false
    }
  }

  /// A run of letters, digits and underscores.
  mutating func word() -> String {
    let start = at
    while at < bytes.count, bytes[at].isWordByte { at += 1 }
    return String(decoding: bytes[start..<at], as: UTF8.self)
  }

  /// The character at `at` in words, for messages.
  func found() -> String {
    guard at < bytes.count else { return "the end of the file" }
    guard bytes[at] < 0x80 else {
      let character = String(decoding: bytes[at..<min(at + 4, bytes.count)], as: UTF8.self).unicodeScalars.first
      return Quoted.text(character.map(String.init) ?? "?")
    }
    return Quoted.text(String(UnicodeScalar(bytes[at])))
  }

  mutating func issue(_ message: String, at offset: Int) {
    let (origin, path) = (origin(at: offset), path)
    issues.add(message, at: origin, path: Self.text(of: path))
  }

  mutating func stop(_ message: String, at offset: Int) throws(Stop) -> Never {
    issue(message, at: offset)
    throw Stop()
  }

  private static func text(of path: [PathPart]) -> String {
    path.reduce(into: "") { text, part in
      switch part {
      case .key(let key): text = JSONPath.join(text, key: key)
      case .index(let index): text += "[\(index)]"
      }
    }
  }

  package static func words(for origin: JSONNode.Origin, prefix: String = "first") -> String {
    switch origin {
    case .file(let line, let column): "\(prefix) at \(line):\(column)"
    case .override: "\(prefix) in an override"
    }
  }

  private mutating func origin(at offset: Int) -> JSONNode.Origin {
    if let fixedOrigin { return fixedOrigin }
    if offset < mark.offset { mark = (textStart, 1, 1) }
    while mark.offset < offset, mark.offset < bytes.count {
      let byte = bytes[mark.offset]
      if byte == 0x0A {
        mark.line += 1
        mark.column = 1
      } else if byte & 0xC0 != 0x80 {
        // Continuation bytes of UTF-8 take no column.
        mark.column += 1
      }
      mark.offset += 1
    }
    return .file(line: Int32(clamping: mark.line), column: Int32(clamping: mark.column))
  }
}

extension UInt8 {
  /// Lets bytes be compared with and matched against ASCII characters.
  package static func == (byte: UInt8, character: Unicode.Scalar) -> Bool { UInt32(byte) == character.value }

  package static func ~= (character: Unicode.Scalar, byte: UInt8) -> Bool { UInt32(byte) == character.value }

  package var isWordByte: Bool {
    switch self {
    case "a"..."z", "A"..."Z", "0"..."9", "_", "$": true
    default: false
    }
  }
}

package func ~= (range: ClosedRange<Unicode.Scalar>, byte: UInt8) -> Bool { range.contains(Unicode.Scalar(byte)) }
