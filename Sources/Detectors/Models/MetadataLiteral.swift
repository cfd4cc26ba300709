/// A value as exporters write it into a model's metadata: a Python literal, or JSON.
///
/// Strings have either kind of quote and both languages' escapes; `True`, `true`, `None` and `null` are known; lists,
/// tuples and dictionaries may end with a comma. Nothing is evaluated.
enum MetadataLiteral: Sendable, Hashable {
  case string(String)
  case number(Double)
  case bool(Bool)
  case none
  case list([MetadataLiteral])
  /// In the order of the text.
  case dictionary([Entry])

  struct Entry: Sendable, Hashable {
    var key: MetadataLiteral
    var value: MetadataLiteral
  }

  /// Longer texts are not read.
  static let maximumByteCount = 1 << 20
  private static let maximumDepth = 16

  /// Nil for a text that is no literal.
  init?(_ text: String) {
    let bytes = Array(text.unicodeScalars)
    guard text.utf8.count <= Self.maximumByteCount else { return nil }
    var reader = Reader(scalars: bytes)
    guard let value = reader.value(depth: 0) else { return nil }
    reader.skipSpace()
    guard reader.isAtEnd else { return nil }
    self = value
  }

  private struct Reader {
    let scalars: [Unicode.Scalar]
    var place = 0

    var isAtEnd: Bool { place >= scalars.count }
    private var next: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    mutating func skipSpace() { while let scalar = next, scalar.properties.isWhitespace { place += 1 } }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
      skipSpace()
      guard next == scalar else { return false }
      place += 1
      return true
    }

    mutating func value(depth: Int) -> MetadataLiteral? {
      guard depth < MetadataLiteral.maximumDepth else { return nil }
      skipSpace()
      switch next {
      case "{": return dictionary(depth: depth)
      case "[": return list(until: "]", depth: depth)
      case "(": return list(until: ")", depth: depth)
      case "'", "\"": return string().map { .string($0) }
      default: return word()
      }
    }

    private mutating func list(until end: Unicode.Scalar, depth: Int) -> MetadataLiteral? {
      place += 1
      var values: [MetadataLiteral] = []
      while !take(end) {
        guard let value = value(depth: depth + 1) else { return nil }
        values.append(value)
        if take(",") { continue }
        guard take(end) else { return nil }
        break
      }
      return .list(values)
    }

    private mutating func dictionary(depth: Int) -> MetadataLiteral? {
      place += 1
      var entries: [Entry] = []
      while !take("}") {
        guard let key = value(depth: depth + 1), take(":"), let value = value(depth: depth + 1) else { return nil }
        entries.append(Entry(key: key, value: value))
        if take(",") { continue }
        guard take("}") else { return nil }
        break
      }
      return .dictionary(entries)
    }

    /// A number or one of the words that both languages have.
    private mutating func word() -> MetadataLiteral? {
      var text = ""
      while let scalar = next, scalar.properties.isAlphabetic || "+-._0123456789".unicodeScalars.contains(scalar) {
        text.unicodeScalars.append(scalar)
        place += 1
      }
      switch text {
      case "True", "true": return .bool(true)
      case "False", "false": return .bool(false)
      case "None", "null": return MetadataLiteral.none
      default: return Double(text).flatMap { $0.isFinite ? .number($0) : nil }
      }
    }

    private mutating func string() -> String? {
      guard let quote = next else { return nil }
      place += 1
      var text = String.UnicodeScalarView()
      while let scalar = next {
        place += 1
        if scalar == quote { return String(text) }
        guard scalar == "\\" else {
          text.append(scalar)
          continue
        }
        guard let escaped = escape() else { return nil }
        text.append(contentsOf: escaped)
      }
      return nil
    }

    /// What follows a backslash.
    private mutating func escape() -> [Unicode.Scalar]? {
      guard let kind = next else { return nil }
      place += 1
      switch kind {
      case "n": return ["\n"]
      case "t": return ["\t"]
      case "r": return ["\r"]
      case "b": return ["\u{8}"]
      case "f": return ["\u{C}"]
      case "'", "\"", "\\", "/": return [kind]
      case "x": return hexadecimal(2).flatMap { Unicode.Scalar($0) }.map { [$0] }
      case "U": return hexadecimal(8).flatMap { Unicode.Scalar($0) }.map { [$0] }
      case "u":
        guard let unit = hexadecimal(4) else { return nil }
        guard (0xD800..<0xDC00).contains(unit) else { return Unicode.Scalar(unit).map { [$0] } }
        // JSON writes what lies beyond 16 bits as two halves.
        guard next == "\\" else { return nil }
        place += 1
        guard next == "u" else { return nil }
        place += 1
        guard let low = hexadecimal(4), (0xDC00..<0xE000).contains(low) else { return nil }
        return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)).map { [$0] }
      // Python keeps both characters of what is no escape.
      default: return ["\\", kind]
      }
    }

    private mutating func hexadecimal(_ count: Int) -> UInt32? {
      guard place + count <= scalars.count else { return nil }
      var value: UInt32 = 0
      for scalar in scalars[place..<place + count] {
        guard let digit = Character(scalar).hexDigitValue, scalar.isASCII else { return nil }
        value = value << 4 | UInt32(digit)
      }
      place += count
      return value
    }
  }
}
