import EdgepipeCore
import Foundation

/// Reads JSON from its beginning to its end, value by value, into what the caller makes of them: for files of hundreds
/// of megabytes, of which a tree would take many times the memory and the time.
///
/// What the caller asks for is checked; what it skips only has to be balanced. Nothing is trusted: text that is cut
/// short, nested without end or of the wrong kind gives a ``Failure`` that knows its place.
struct JSONReader {
  /// What is wrong, and where.
  struct Failure: Error {
    let message: String
    let offset: Int
    /// From the innermost part to the outermost.
    var path: [String] = []
  }

  /// Deeper nesting is refused also where it is skipped.
  private static let maximumDepth = 256

  private let bytes: [UInt8]
  private var at = 0

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
  }

  /// Reads one document, the whole of `data`.
  ///
  /// - Parameter file: what errors call it.
  /// - Throws: a ``PipelineError`` (`malformed`) with line, column and path of what is wrong.
  static func read(
    _ data: Data, file: String, remedy: String, _ body: (inout JSONReader) throws(Failure) -> Void
  ) throws {
    var reader = JSONReader([UInt8](data))
    do throws(Failure) {
      try body(&reader)
      reader.skipSpace()
      if reader.at < reader.bytes.count { throw reader.failure("\(reader.found) after the end of the document") }
    } catch {
      let place = reader.place(of: error.offset)
      let path = error.path.isEmpty ? "" : " \(error.path.reversed().joined().drop { $0 == "." }):"
      throw PipelineError(
        "'\(file)', line \(place.line), column \(place.column):\(path) \(error.message)", remedy: remedy,
        code: .malformed)
    }
  }

  // MARK: - Values

  /// Calls `member` for each key; it must read or skip the value.
  mutating func object(_ member: (inout JSONReader, String) throws(Failure) -> Void) throws(Failure) {
    try open("{", "an object")
    if closes("}") { return }
    while true {
      let key = try string("a key")
      skipSpace()
      guard take(":") else { throw failure("expected ':' after the key, found \(found)") }
      do throws(Failure) { try member(&self, key) } catch {
        var error = error
        error.path.append(".\(Quoted.short(key))")
        throw error
      }
      skipSpace()
      if take("}") { return }
      guard take(",") else { throw failure("expected ',' or '}', found \(found)") }
    }
  }

  /// Calls `element` for each element; it must read or skip it.
  mutating func array(_ element: (inout JSONReader, Int) throws(Failure) -> Void) throws(Failure) {
    try open("[", "a list")
    if closes("]") { return }
    var index = 0
    while true {
      do throws(Failure) { try element(&self, index) } catch {
        var error = error
        error.path.append("[\(index)]")
        throw error
      }
      index += 1
      skipSpace()
      if take("]") { return }
      guard take(",") else { throw failure("expected ',' or ']', found \(found)") }
    }
  }

  mutating func string() throws(Failure) -> String { try string("a string") }

  /// A string that is shown to people and looked for among files: of at most 1,000 bytes, without control characters.
  mutating func name() throws(Failure) -> String {
    let start = offset, name = try string()
    let isName =
      name.utf8.count <= 1000
      && name.unicodeScalars.allSatisfy { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: false
        default: true
        }
      }
    guard isName else { throw failure("a name with control characters, or of more than 1000 bytes", at: start) }
    return name
  }

  /// A number; always finite.
  mutating func number() throws(Failure) -> Double {
    let token = try numberToken()
    if let exact = token.exact { return exact }
    let text = String(decoding: bytes[token.range], as: UTF8.self)
    guard token.range.count <= 400, let value = Double(text), value.isFinite else {
      throw failure("the number '\(Quoted.short(text))' is out of range", at: token.range.lowerBound)
    }
    return value
  }

  /// A whole number; `2.0` counts as 2.
  mutating func integer() throws(Failure) -> Int {
    let token = try numberToken()
    let text = String(decoding: bytes[token.range], as: UTF8.self)
    if let whole = token.exact.flatMap(Int.init(exactly:)) ?? Int(text) { return whole }
    throw failure("expected a whole number, found '\(Quoted.short(text))'", at: token.range.lowerBound)
  }

  /// True or false; 1 and 0 count, too.
  mutating func flag() throws(Failure) -> Bool {
    skipSpace()
    let start = at
    for (word, value) in [("true", true), ("false", false)] where bytes[at...].starts(with: word.utf8) {
      at += word.utf8.count
      return value
    }
    guard at < bytes.count, bytes[at] == UInt8(ascii: "0") || bytes[at] == UInt8(ascii: "1") else {
      throw failure("expected 0 or 1, found \(found)")
    }
    switch try integer() {
    case 0: return false
    case 1: return true
    default: throw Failure(message: "expected 0 or 1", offset: start)
    }
  }

  /// True where `null` stands, which is then taken.
  mutating func null() -> Bool {
    skipSpace()
    guard bytes[at...].starts(with: "null".utf8) else { return false }
    at += 4
    return true
  }

  /// Passes over one value of any kind.
  mutating func skip() throws(Failure) {
    var closers: [UInt8] = []
    repeat {
      skipSpace()
      guard at < bytes.count else { throw failure("unexpected end of file") }
      let start = at
      switch bytes[at] {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard closers.count < Self.maximumDepth else { throw failure("nested deeper than \(Self.maximumDepth) levels") }
        // The closing brackets come two after the opening ones in ASCII.
        closers.append(bytes[at] + 2)
        at += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard closers.popLast() == bytes[at] else { throw failure("unexpected \(found)") }
        at += 1
      case UInt8(ascii: "\""): _ = try stringRange("a string")
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        guard !closers.isEmpty else { throw failure("expected a value, found \(found)") }
        at += 1
      default:
        while at < bytes.count, Self.isWord(bytes[at]) { at += 1 }
        guard at > start else { throw failure("expected a value, found \(found)") }
      }
    } while !closers.isEmpty
  }

  // MARK: - Failures

  /// A complaint about what comes next, or about what begins at `offset`.
  func failure(_ message: String, at offset: Int? = nil) -> Failure { Failure(message: message, offset: offset ?? at) }

  /// Where the next value begins.
  var offset: Int {
    mutating get {
      skipSpace()
      return at
    }
  }

  /// What comes next, in words.
  private var found: String {
    guard at < bytes.count else { return "the end of the file" }
    let byte = bytes[at]
    guard (0x20..<0x7F).contains(byte) else { return "the byte 0x\(String(byte, radix: 16))" }
    return "'\(Character(Unicode.Scalar(byte)))'"
  }

  private func place(of offset: Int) -> (line: Int, column: Int) {
    let before = bytes.prefix(offset)
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    // Continuation bytes of UTF-8 take no column.
    let column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
    return (before.count { $0 == UInt8(ascii: "\n") } + 1, column)
  }
}

// MARK: - Tokens

extension JSONReader {
  private mutating func skipSpace() {
    while at < bytes.count {
      switch bytes[at] {
      case 0x20, 0x09, 0x0A, 0x0D: at += 1
      default: return
      }
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }

  private mutating func open(_ bracket: Unicode.Scalar, _ what: String) throws(Failure) {
    skipSpace()
    guard take(bracket) else { throw failure("expected \(what), found \(found)") }
    skipSpace()
  }

  private mutating func closes(_ bracket: Unicode.Scalar) -> Bool { take(bracket) }

  private mutating func string(_ what: String) throws(Failure) -> String {
    skipSpace()
    let start = at
    let (range, isPlain) = try stringRange(what)
    if isPlain {
      if let text = String(validating: bytes[range], as: UTF8.self) { return text }
      throw Failure(message: "bytes that are not UTF-8", offset: start)
    }
    // Escapes are rare enough to be left to Foundation.
    let literal = Data(bytes[(range.lowerBound - 1)...range.upperBound])
    guard let text = try? JSONDecoder().decode(String.self, from: literal) else {
      throw Failure(message: "a string with an unknown escape, or bytes that are not UTF-8", offset: start)
    }
    return text
  }

  /// Passes over a string: what stands between the quotes, and whether it is without escapes.
  private mutating func stringRange(_ what: String) throws(Failure) -> (Range<Int>, isPlain: Bool) {
    guard take("\"") else { throw failure("expected \(what), found \(found)") }
    let start = at
    var isPlain = true
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "\""):
        at += 1
        return (start..<at - 1, isPlain)
      case UInt8(ascii: "\\"):
        isPlain = false
        at += 2
      case ..<0x20: throw failure("a control character in a string")
      default: at += 1
      }
    }
    throw Failure(message: "a string that is not closed", offset: start - 1)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
    default: false
    }
  }

  private struct NumberToken {
    var range: Range<Int>
    var digits: UInt64 = 0
    var count = 0
    var decimals = 0
    var hasExponent = false
    var isNegative = false

    /// The value, where it has at most 15 digits and no exponent: both the digits and the power of ten are then exact,
    /// and dividing them rounds once (Clinger, "How to read floating point numbers accurately", 1990). Nil for others.
    var exact: Double? {
      guard count <= 15, !hasExponent else { return nil }
      let value = Double(digits) / JSONReader.powersOfTen[decimals]
      return isNegative ? -value : value
    }
  }

  /// Passes over a number of JSON's grammar.
  private mutating func numberToken() throws(Failure) -> NumberToken {
    skipSpace()
    let start = at
    var token = NumberToken(range: start..<start)
    token.isNegative = take("-")
    let whole = at
    digits(&token)
    let isWhole = at > whole && (at == whole + 1 || bytes[whole] != UInt8(ascii: "0"))
    var isComplete = isWhole
    if isWhole, take(".") {
      let fraction = at
      digits(&token)
      token.decimals = at - fraction
      isComplete = at > fraction
    }
    if isComplete, take("e") || take("E") {
      token.hasExponent = true
      if !take("-") { _ = take("+") }
      let exponent = at
      while at < bytes.count, (0x30...0x39).contains(bytes[at]) { at += 1 }
      isComplete = at > exponent
    }
    guard isComplete, at == bytes.count || !Self.isWord(bytes[at]) else {
      while at < bytes.count, Self.isWord(bytes[at]) { at += 1 }
      if at == start { throw failure("expected a number, found \(found)") }
      throw failure("'\(Quoted.short(String(decoding: bytes[start..<at], as: UTF8.self)))' is not a number", at: start)
    }
    token.range = start..<at
    return token
  }

  private mutating func digits(_ token: inout NumberToken) {
    while at < bytes.count, (0x30...0x39).contains(bytes[at]) {
      // More than fit are never used.
      token.digits = token.digits &* 10 &+ UInt64(bytes[at] - 0x30)
      token.count += 1
      at += 1
    }
  }

  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
  ]
}
