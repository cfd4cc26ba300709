import Detectors

/// The element types of the open inference protocol that can be numbers here, and `BYTES`.
enum Datatype: String, Sendable, CaseIterable {
  case bool = "BOOL"
  case uint8 = "UINT8"
  case uint16 = "UINT16"
  case uint32 = "UINT32"
  case uint64 = "UINT64"
  case int8 = "INT8"
  case int16 = "INT16"
  case int32 = "INT32"
  case int64 = "INT64"
  case float16 = "FP16"
  case float32 = "FP32"
  case float64 = "FP64"
  /// Elements of any length.
  case bytes = "BYTES"

  init(_ element: TensorElement) {
    switch element {
    case .float32: self = .float32
    case .float16: self = .float16
    case .uint8: self = .uint8
    }
  }

  /// Of one element; nil for `BYTES`.
  var byteCount: Int? {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16, .float16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    case .bytes: nil
    }
  }

  /// The elements as floats: wider types are rounded to the nearest, NaN stays NaN.
  ///
  /// - Parameter bytes: as many as `count` elements take, in the protocol's little-endian order.
  func floats(_ bytes: UnsafeRawBufferPointer, count: Int) -> [Float] {
    switch self {
    case .bool, .uint8: unsafe Self.integers(bytes, count, UInt8.self)
    case .uint16: unsafe Self.integers(bytes, count, UInt16.self)
    case .uint32: unsafe Self.integers(bytes, count, UInt32.self)
    case .uint64: unsafe Self.integers(bytes, count, UInt64.self)
    case .int8: unsafe Self.integers(bytes, count, Int8.self)
    case .int16: unsafe Self.integers(bytes, count, Int16.self)
    case .int32: unsafe Self.integers(bytes, count, Int32.self)
    case .int64: unsafe Self.integers(bytes, count, Int64.self)
    case .float16:
      unsafe Self.widened(bytes, count, UInt16.self) { Float(Float16(bitPattern: UInt16(littleEndian: $0))) }
    case .float64:
      unsafe Self.widened(bytes, count, UInt64.self) { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
    case .float32: unsafe Self.copied(bytes, count)
    case .bytes: []
    }
  }

  private static func integers<Element: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _ count: Int, _ type: Element.Type
  ) -> [Float] {
    unsafe widened(bytes, count, type) { Float(Element(littleEndian: $0)) }
  }

  private static func widened<Element: BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _ count: Int, _ type: Element.Type, _ float: (Element) -> Float
  ) -> [Float] {
    let size = MemoryLayout<Element>.size
    precondition(bytes.count == count * size)
    return unsafe [Float](unsafeUninitializedCapacity: count) { floats, written in
      for index in 0..<count {
        // SAFETY: there are `count` elements in `bytes` and room for as many floats, see the precondition.
        unsafe floats.initializeElement(
          at: index, to: float(bytes.loadUnaligned(fromByteOffset: index * size, as: Element.self)))
      }
      written = count
    }
  }

  /// The machines that edgepipe runs on are little-endian: the bytes are the floats.
  private static func copied(_ bytes: UnsafeRawBufferPointer, _ count: Int) -> [Float] {
    precondition(bytes.count == count * MemoryLayout<Float>.size)
    return unsafe [Float](unsafeUninitializedCapacity: count) { floats, written in
      // SAFETY: both have `count` floats, see the precondition.
      unsafe UnsafeMutableRawBufferPointer(floats).copyMemory(from: bytes)
      written = count
    }
  }
}
