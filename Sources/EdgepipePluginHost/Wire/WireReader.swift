import EdgepipeCore

/// Reads the bytes of one message. Whatever they are, it neither traps nor takes more memory than they do, give or take a
/// factor.
package struct WireReader {
  private let bytes: [UInt8]
  private var offset: Int
  private let end: Int

  package init(_ bytes: [UInt8]) { self.init(bytes, 0..<bytes.count) }

  init(_ bytes: [UInt8], _ range: Range<Int>) {
    self.bytes = bytes
    offset = range.lowerBound
    end = range.upperBound
  }

  private mutating func take(_ count: Int) throws(WireFailure) -> Int {
    guard count <= end - offset else { throw .malformed("a message that breaks off") }
    defer { offset += count }
    return offset
  }

  private mutating func integer<Value: FixedWidthInteger & UnsignedInteger>(_ type: Value.Type) throws(WireFailure)
    -> Value
  {
    let start = try take(Value.bitWidth / 8)
    var value: Value = 0
    for index in 0..<Value.bitWidth / 8 { value |= Value(bytes[start + index]) << Value(8 * index) }
    return value
  }

  package mutating func byte() throws(WireFailure) -> UInt8 { bytes[try take(1)] }
  package mutating func uint32() throws(WireFailure) -> UInt32 { try integer(UInt32.self) }
  package mutating func uint64() throws(WireFailure) -> UInt64 { try integer(UInt64.self) }
  package mutating func int() throws(WireFailure) -> Int { Int(Int64(bitPattern: try uint64())) }
  package mutating func nanoseconds() throws(WireFailure) -> Int64 { Int64(bitPattern: try uint64()) }
  package mutating func float() throws(WireFailure) -> Float { Float(bitPattern: try uint32()) }

  package mutating func bool() throws(WireFailure) -> Bool {
    let value = try byte()
    guard value < 2 else { throw .malformed("a truth value of \(value)") }
    return value == 1
  }

  /// One of the values of an enumeration.
  package mutating func value<Value: RawRepresentable>(_ type: Value.Type) throws(WireFailure) -> Value
  where Value.RawValue == UInt32 {
    let raw = try uint32()
    guard let value = Value(rawValue: raw) else { throw .malformed("\(Value.self) \(raw)") }
    return value
  }

  package mutating func data() throws(WireFailure) -> [UInt8] {
    let count = Int(try uint32()), start = try take(count)
    return Array(bytes[start..<start + count])
  }

  /// What is not UTF-8 is replaced.
  package mutating func text() throws(WireFailure) -> String {
    let count = Int(try uint32()), start = try take(count)
    return String(decoding: bytes[start..<start + count], as: UTF8.self)
  }

  package mutating func optional<Value>(_ body: (inout Self) throws(WireFailure) -> Value) throws(WireFailure) -> Value?
  {
    try bool() ? try body(&self) : nil
  }

  /// - Parameter least: the bytes of an element without its texts and lists: a count that the message cannot hold is refused
  ///   before anything is allocated.
  package mutating func list<Element>(least: Int, _ body: (inout Self) throws(WireFailure) -> Element)
    throws(WireFailure)
    -> [Element]
  {
    let count = Int(try uint32())
    guard count <= (end - offset) / max(1, least) else { throw .malformed("a list of \(count)") }
    var list: [Element] = []
    list.reserveCapacity(count)
    for _ in 0..<count { list.append(try body(&self)) }
    return list
  }

  package func finish() throws(WireFailure) {
    guard offset == end else { throw .malformed("\(end - offset) bytes too many") }
  }
}
