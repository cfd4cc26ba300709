/// Reads untrusted JSON value by value, without a tree: a tensor of a million numbers becomes an array of floats and nothing
/// else. Strict, but for NaN and the infinities, which servers in Python write as such.
///
/// Time and memory are bounded by the text's length, and nesting by ``maximumDepth``.
struct JSONCursor {
  static let maximumDepth = 32
  private static let longestNumber = 400
  private static let powers: [Double] = (0...22).map { power in (0..<power).reduce(1) { result, _ in result * 10 } }

  private let bytes: [UInt8]
  private var at = 0
  private var depth = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  // MARK: - Structure

  /// Reads an object; `member` gets each key and has to read or skip its value.
  mutating func object(_ member: (inout JSONCursor, String) throws(RemoteFailure) -> Void) throws(RemoteFailure) {
    try open("{", "an object")
    if closes("}") { return }
    repeat {
      skipSpace()
      let key = try string()
      skipSpace()
      guard take(":") else { throw fault("':' after a key") }
      try member(&self, key)
      skipSpace()
    } while take(",")
    guard closes("}") else { throw fault("',' or '}'") }
  }

  /// Reads an array; `element` has to read or skip each value.
  mutating func array(_ element: (inout JSONCursor) throws(RemoteFailure) -> Void) throws(RemoteFailure) {
    try open("[", "an array")
    if closes("]") { return }
    repeat {
      try element(&self)
      skipSpace()
    } while take(",")
    guard closes("]") else { throw fault("',' or ']'") }
  }

  /// Nothing but white space may follow.
  mutating func end() throws(RemoteFailure) {
    skipSpace()
    if at < bytes.count { throw fault("the end") }
  }

  mutating func skip() throws(RemoteFailure) {
    skipSpace()
    switch current {
    case UInt8(ascii: "{"):
      try object { (cursor: inout JSONCursor, _) throws(RemoteFailure) in try cursor.skip() }
    case UInt8(ascii: "["): try array { (cursor: inout JSONCursor) throws(RemoteFailure) in try cursor.skip() }
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "t"): try word("true")
    case UInt8(ascii: "f"): try word("false")
    default: _ = try number()
    }
  }

  // MARK: - Values

  /// True, and read, where the next value is null.
  mutating func null() -> Bool {
    skipSpace()
    guard current == UInt8(ascii: "n") else { return false }
    return takes("null")
  }

  mutating func string() throws(RemoteFailure) -> String {
    skipSpace()
    guard take("\"") else { throw fault("a string") }
    let start = at
    while let byte = current, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { at += 1 }
    // Most strings have no escapes.
    if take("\"") { return String(decoding: bytes[start..<at - 1], as: UTF8.self) }
    var text = Array(bytes[start..<at])
    while let byte = current, byte >= 0x20 {
      at += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
      if byte == UInt8(ascii: "\\") { text += try escape() } else { text.append(byte) }
    }
    throw fault("the end of a string")
  }

  mutating func integer() throws(RemoteFailure) -> Int {
    let number = try number()
    guard let integer = Int(exactly: number) else { throw fault("an integer") }
    return integer
  }

  mutating func bool() throws(RemoteFailure) -> Bool {
    skipSpace()
    if current == UInt8(ascii: "t") {
      try word("true")
      return true
    }
    try word("false")
    return false
  }

  /// A number; null and NaN are NaN.
  mutating func number() throws(RemoteFailure) -> Double {
    skipSpace()
    switch current {
    case UInt8(ascii: "n"):
      try word("null")
      return .nan
    case UInt8(ascii: "N"):
      try word("NaN")
      return .nan
    default: break
    }
    let start = at, isNegative = take("-")
    if current == UInt8(ascii: "I") {
      try word("Infinity")
      return isNegative ? -.infinity : .infinity
    }
    var mantissa: UInt64 = 0, digitCount = 0, scale = 0
    let first = current
    func isDigit(_ byte: UInt8?) -> Bool { byte.map { $0 >= 0x30 && $0 <= 0x39 } ?? false }
    while let byte = current, isDigit(byte) {
      mantissa = mantissa &* 10 &+ UInt64(byte - 0x30)
      digitCount += 1
      at += 1
    }
    guard digitCount > 0, digitCount == 1 || first != UInt8(ascii: "0") else { throw fault("a number") }
    if take(".") {
      let before = digitCount
      while let byte = current, isDigit(byte) {
        mantissa = mantissa &* 10 &+ UInt64(byte - 0x30)
        digitCount += 1
        at += 1
      }
      scale = before - digitCount
      if scale == 0 { throw fault("a digit") }
    }
    if take("e") || take("E") {
      let isDown = take("-")
      if !isDown { _ = take("+") }
      var exponent = 0
      guard isDigit(current) else { throw fault("a digit") }
      while let byte = current, isDigit(byte) {
        exponent = min(100_000, exponent * 10 + Int(byte - 0x30))
        at += 1
      }
      scale += isDown ? -exponent : exponent
    }
    // Exact with both below 2^53 (Clinger's fast path); anything else is for the library.
    if digitCount <= 15, abs(scale) <= 22 {
      let value = Double(mantissa), power = Self.powers[abs(scale)]
      let result = scale < 0 ? value / power : value * power
      return isNegative ? -result : result
    }
    guard at - start <= Self.longestNumber, let value = Double(String(decoding: bytes[start..<at], as: UTF8.self))
    else {
      throw fault("a number that can be read")
    }
    return value
  }

  /// The numbers of an array of any nesting, in their order.
  mutating func numbers() throws(RemoteFailure) -> [Float] {
    var result: [Float] = []
    try numbers(into: &result)
    return result
  }

  private mutating func numbers(into result: inout [Float]) throws(RemoteFailure) {
    try open("[", "an array")
    if closes("]") { return }
    repeat {
      skipSpace()
      switch current {
      case UInt8(ascii: "["): try numbers(into: &result)
      case UInt8(ascii: "t"), UInt8(ascii: "f"): result.append(try bool() ? 1 : 0)
      default: result.append(Float(try number()))
      }
      skipSpace()
    } while take(",")
    guard closes("]") else { throw fault("',' or ']'") }
  }

  // MARK: - Help

  private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard current == UInt8(ascii: scalar) else { return false }
    at += 1
    return true
  }

  private mutating func open(_ scalar: Unicode.Scalar, _ what: String) throws(RemoteFailure) {
    skipSpace()
    guard take(scalar) else { throw fault(what) }
    depth += 1
    if depth > Self.maximumDepth { throw fault("at most \(Self.maximumDepth) levels") }
  }

  private mutating func closes(_ scalar: Unicode.Scalar) -> Bool {
    skipSpace()
    guard take(scalar) else { return false }
    depth -= 1
    return true
  }

  private mutating func takes(_ text: String) -> Bool {
    guard bytes[at...].starts(with: text.utf8) else { return false }
    at += text.utf8.count
    return true
  }

  private mutating func word(_ text: String) throws(RemoteFailure) {
    if !takes(text) { throw fault("a value") }
  }

  private mutating func escape() throws(RemoteFailure) -> [UInt8] {
    guard let byte = current else { throw fault("an escape") }
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      let unit = try hexadecimal()
      guard UTF16.isLeadSurrogate(unit) else { return Self.utf8([unit]) }
      guard takes("\\u") else { return Self.utf8([unit]) }
      return Self.utf8([unit, try hexadecimal()])
    default: throw fault("an escape")
    }
  }

  private static func utf8(_ units: [UInt16]) -> [UInt8] { Array(String(decoding: units, as: UTF16.self).utf8) }

  private mutating func hexadecimal() throws(RemoteFailure) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw fault("four hexadecimal digits")
      }
      unit = unit << 4 | UInt16(digit)
      at += 1
    }
    return unit
  }

  private func fault(_ expected: String) -> RemoteFailure {
    RemoteFailure(.malformed, "the answer is no valid JSON: \(expected) is missing at byte \(at)")
  }
}
