package import EdgepipeCore

/// Writes values into the payload of a trace's record: whole numbers in LEB128 (signed ones zigzag-coded first), texts
/// and bytes behind their length.
package struct TraceEncoder: Sendable {
  package private(set) var bytes: [UInt8] = []

  package init(capacity: Int = 32) { bytes.reserveCapacity(capacity) }

  package mutating func byte(_ value: UInt8) { bytes.append(value) }

  package mutating func bool(_ value: Bool) { bytes.append(value ? 1 : 0) }

  mutating func unsigned(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  package mutating func integer(_ value: Int64) { unsigned(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }

  package mutating func integer(_ value: Int) { integer(Int64(value)) }

  mutating func double(_ value: Double) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) { byte(UInt8(truncatingIfNeeded: value.bitPattern >> shift)) }
  }

  package mutating func text(_ value: String) { blob(Array(value.utf8)) }

  mutating func blob(_ value: [UInt8]) {
    unsigned(UInt64(value.count))
    bytes += value
  }

  /// As ``blob(_:)``, from memory that is read during the call only.
  @unsafe package mutating func blob(_ value: UnsafeRawBufferPointer) {
    unsigned(UInt64(value.count))
    unsafe bytes.append(contentsOf: value)
  }

  /// A flag, and behind it the value if there is one.
  package mutating func optional<Value>(_ value: Value?, _ encode: (inout TraceEncoder, Value) -> Void) {
    bool(value != nil)
    if let value { encode(&self, value) }
  }
}

/// Reads what ``TraceEncoder`` wrote, and trusts none of it: lengths are checked against what is there before anything
/// is allocated.
package struct TraceDecoder: Sendable {
  private let bytes: [UInt8]
  private var position = 0

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package var isAtEnd: Bool { position >= bytes.count }

  package mutating func byte() throws(PipelineError) -> UInt8 {
    guard position < bytes.count else { throw Self.damaged("it ends too early") }
    defer { position += 1 }
    return bytes[position]
  }

  package mutating func bool() throws(PipelineError) -> Bool { try byte() != 0 }

  mutating func unsigned() throws(PipelineError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), through: 63, by: 7) {
      let next = try byte()
      let part = UInt64(next & 0x7F)
      if shift == 63, part > 1 { break }
      value |= part << shift
      if next & 0x80 == 0 { return value }
    }
    throw Self.damaged("a number is too long")
  }

  package mutating func integer() throws(PipelineError) -> Int64 {
    let value = try unsigned()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// A whole number within `range`.
  package mutating func integer(in range: ClosedRange<Int>) throws(PipelineError) -> Int {
    guard let value = Int(exactly: try integer()), range.contains(value) else {
      throw Self.damaged("a number is out of range")
    }
    return value
  }

  mutating func double() throws(PipelineError) -> Double {
    var bits: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 8) { bits |= UInt64(try byte()) << shift }
    return Double(bitPattern: bits)
  }

  package mutating func text() throws(PipelineError) -> String { String(decoding: try slice(), as: UTF8.self) }

  package mutating func blob() throws(PipelineError) -> [UInt8] { Array(try slice()) }

  package mutating func optional<Value>(
    _ decode: (inout TraceDecoder) throws(PipelineError) -> Value
  ) throws(PipelineError) -> Value? {
    try bool() ? try decode(&self) : nil
  }

  private mutating func slice() throws(PipelineError) -> ArraySlice<UInt8> {
    let count = try unsigned()
    guard count <= UInt64(bytes.count - position) else { throw Self.damaged("a length is larger than the record") }
    defer { position += Int(count) }
    return bytes[position..<(position + Int(count))]
  }

  /// What is wrong with a record, as an error.
  package static func damaged(_ what: String) -> PipelineError {
    PipelineError("a record of the trace is damaged: \(what)", remedy: "record again", code: .malformed)
  }
}
