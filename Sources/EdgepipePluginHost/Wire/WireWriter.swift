package import EdgepipeCore

/// Bytes of one message: numbers with their lowest byte first, text and lists with their count before them.
package struct WireWriter {
  /// Of a message: the count of bytes after it, the kind, the number of the call.
  static let headerBytes = 16

  private(set) var bytes: [UInt8]

  package init() {
    bytes = [UInt8](repeating: 0, count: Self.headerBytes)
  }

  /// What was written, without the header.
  package var content: [UInt8] { Array(bytes[Self.headerBytes...]) }

  /// Begins another message in the same memory.
  mutating func restart() { bytes.removeSubrange(Self.headerBytes...) }

  mutating func seal(_ kind: WireKind, call: UInt64) {
    set(UInt32(truncatingIfNeeded: bytes.count - Self.headerBytes), at: 0)
    set(kind.rawValue, at: 4)
    set(call, at: 8)
  }

  private mutating func set(_ value: some FixedWidthInteger & UnsignedInteger, at index: Int) {
    for byte in 0..<value.bitWidth / 8 { bytes[index + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
  }

  private mutating func append<Value: FixedWidthInteger>(_ value: Value) {
    // SAFETY: the bytes of a local value, read during the call only.
    unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  package mutating func write(_ value: UInt8) { bytes.append(value) }
  package mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }
  package mutating func write(_ value: UInt32) { append(value) }
  package mutating func write(_ value: UInt64) { append(value) }
  package mutating func write(_ value: Int64) { append(value) }
  package mutating func write(_ value: Int) { append(Int64(value)) }
  package mutating func write(_ value: Float) { append(value.bitPattern) }
  package mutating func write(_ value: MonotonicTime) { append(value.nanoseconds) }
  package mutating func write(_ value: MediaTime) { append(value.nanoseconds) }
  package mutating func write(_ value: WallTime) { append(value.nanoseconds) }

  package mutating func writeCount(_ count: Int) { append(UInt32(truncatingIfNeeded: count)) }

  package mutating func write(_ text: String) {
    let utf8 = text.utf8
    writeCount(utf8.count)
    bytes.append(contentsOf: utf8)
  }

  package mutating func write(_ data: [UInt8]) {
    writeCount(data.count)
    bytes.append(contentsOf: data)
  }

  /// A byte that says whether the value is there, and the value.
  package mutating func write<Value>(optional value: Value?, _ body: (inout Self, Value) -> Void) {
    write(value != nil)
    if let value { body(&self, value) }
  }

  package mutating func write<Element>(list: [Element], _ body: (inout Self, Element) -> Void) {
    writeCount(list.count)
    for element in list { body(&self, element) }
  }
}
