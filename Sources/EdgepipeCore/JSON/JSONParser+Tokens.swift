extension JSONParser {
  /// Longer numbers are refused: no value needs them, and converting them takes time.
  static let maximumNumberLength = 400

  // MARK: - Words and numbers

  mutating func literal() -> JSONNode.Value {
    let start = at
    let word = word()
    switch word {
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "null": return .null
    default:
      let meant = NearestName.suggestion(for: word, among: ["true", "false", "null"])
      let hint = meant.map { "; did you mean \($0)?" } ?? "; strings are written in double quotes"
      issue("unknown word \(Quoted.text(word))\(hint)", at: start)
      return .invalid
    }
  }

  mutating func number() -> JSONNode.Value {
    let start = at
    // Everything that could be meant as part of the number, so that one mistake gives one complaint.
    while at < bytes.count, bytes[at].isWordByte || "+-.".utf8.contains(bytes[at]) { at += 1 }
    let text = bytes[start..<at]
    guard text.count <= Self.maximumNumberLength else {
      issue("a number of \(text.count) characters; at most \(Self.maximumNumberLength) are read", at: start)
      return .invalid
    }
    let string = String(decoding: text, as: UTF8.self)
    guard let isInteger = Self.checkNumber(text) else {
      issue("\(Quoted.text(string)) is not a JSON number", at: start)
      return .invalid
    }
    if isInteger, let integer = Int(string) { return .integer(integer) }
    guard let number = Double(string), number.isFinite else {
      issue("the number \(Quoted.text(string)) is out of range", at: start)
      return .invalid
    }
    return .number(number)
  }

  /// Whether a well-formed number has neither fraction nor exponent; nil when it is not well formed.
  private static func checkNumber(_ text: ArraySlice<UInt8>) -> Bool? {
    var rest = text
    var isInteger = true
    func takeDigits() -> Int {
      let digits = rest.prefix { ("0"..."9") ~= $0 }.count
      rest = rest.dropFirst(digits)
      return digits
    }
    if let first = rest.first, first == "-" { rest.removeFirst() }
    let leadsWithZero = rest.first.map { $0 == "0" } ?? false
    let digits = takeDigits()
    if digits == 0 || (leadsWithZero && digits > 1) { return nil }
    if let next = rest.first, next == "." {
      isInteger = false
      rest.removeFirst()
      if takeDigits() == 0 { return nil }
    }
    if let next = rest.first, next == "e" || next == "E" {
      isInteger = false
      rest.removeFirst()
      if let sign = rest.first, sign == "+" || sign == "-" { rest.removeFirst() }
      if takeDigits() == 0 { return nil }
    }
    return rest.isEmpty ? isInteger : nil
  }

  // MARK: - Strings

  /// The string that begins at `at`, or nil after a complaint about something in it.
  mutating func string() throws(Stop) -> String? {
    let start = at
    at += 1
    var runStart = at
    var text = ""
    var isGood = true
    while true {
      guard at < bytes.count else { try stop("unexpected end of file; the string is not closed", at: start) }
      switch bytes[at] {
      case "\"":
        isGood = append(runStart..<at, to: &text) && isGood
        at += 1
        return isGood ? text : nil
      case "\\":
        isGood = append(runStart..<at, to: &text) && isGood
        if let scalar = try escape(stringStart: start) {
          text.unicodeScalars.append(scalar)
        } else {
          isGood = false
        }
        runStart = at
      case "\n", "\r":
        try stop("the string is not closed on its line", at: start)
      case 0..<0x20:
        issue("a control character in a string; write \\u\(hex(bytes[at]))", at: at)
        isGood = false
        at += 1
      default: at += 1
      }
    }
  }

  private func hex(_ byte: UInt8) -> String { (byte < 16 ? "000" : "00") + String(byte, radix: 16) }

  private mutating func append(_ run: Range<Int>, to text: inout String) -> Bool {
    if run.isEmpty { return true }
    if let valid = String(validating: bytes[run], as: UTF8.self) {
      text += valid
      return true
    }
    issue("bytes that are not UTF-8", at: firstInvalid(in: run))
    return false
  }

  /// The offset of the first byte that begins no valid UTF-8 sequence.
  private func firstInvalid(in run: Range<Int>) -> Int {
    var offset = run.lowerBound
    while offset < run.upperBound {
      let length = (1...4).first { length in
        offset + length <= run.upperBound
          && String(validating: bytes[offset..<offset + length], as: UTF8.self)?.unicodeScalars.count == 1
      }
      guard let length else { return offset }
      offset += length
    }
    return run.lowerBound
  }

  /// The character that an escape stands for, or nil after a complaint; leaves `at` behind it.
  private mutating func escape(stringStart: Int) throws(Stop) -> Unicode.Scalar? {
    let start = at
    guard at + 1 < bytes.count else { try stop("unexpected end of file; the string is not closed", at: stringStart) }
    let letter = bytes[at + 1]
    at += 2
    switch letter {
    case "\"", "\\", "/": return Unicode.Scalar(letter)
    case "b": return "\u{8}"
    case "f": return "\u{c}"
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "u": return unicodeEscape(start: start)
    default:
      // A line break or a quote stays for the caller, who knows what it means.
      if letter < 0x20 { at -= 1 }
      issue("unknown escape in a string; a backslash is written \\\\", at: start)
      return nil
    }
  }

  private mutating func unicodeEscape(start: Int) -> Unicode.Scalar? {
    guard let unit = fourHexDigits() else {
      issue("\\u takes four hexadecimal digits", at: start)
      return nil
    }
    if let scalar = Unicode.Scalar(unit) { return scalar }
    // Above U+FFFF a character is written as a pair of surrogates.
    if unit < 0xDC00, at + 1 < bytes.count, bytes[at] == "\\", bytes[at + 1] == "u" {
      let second = at
      at += 2
      if let low = fourHexDigits(), (0xDC00...0xDFFF).contains(low) {
        return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
      }
      at = second
    }
    issue("half of a surrogate pair", at: start)
    return nil
  }

  private mutating func fourHexDigits() -> UInt32? {
    guard at + 4 <= bytes.count else { return nil }
    var value: UInt32 = 0
    for byte in bytes[at..<at + 4] {
      switch byte {
      case "0"..."9": value = value << 4 + UInt32(byte - 0x30)
      case "a"..."f", "A"..."F": value = value << 4 + UInt32(byte | 0x20) - 0x61 + 10
      default: return nil
      }
    }
    at += 4
    return value
  }
}
