import Detectors
import NIOCore

/// The input of an inference as it goes out.
struct OutgoingTensor: Sendable {
  enum Content: Sendable {
    case elements(Tensor)
    /// One element of type `BYTES`.
    case bytes([UInt8])
  }

  let datatype: Datatype
  let shape: [Int]
  let content: Content

  init(_ tensor: Tensor) {
    datatype = Datatype(tensor.element)
    shape = tensor.shape
    content = .elements(tensor)
  }

  /// A file, such as a JPEG, in a tensor of shape [1].
  init(bytes: [UInt8]) {
    datatype = .bytes
    shape = [1]
    content = .bytes(bytes)
  }

  /// In the protocol's raw form.
  var byteCount: Int {
    switch content {
    case .elements(let tensor): tensor.elementCount * tensor.element.byteCount
    case .bytes(let bytes): MemoryLayout<UInt32>.size + bytes.count
    }
  }

  /// The protocol's raw form: elements in row-major order; `BYTES` have their length before them, in four bytes.
  func withRawBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    switch content {
    case .elements(let tensor):
      try unsafe tensor.buffer.withBytes { bytes in
        // SAFETY: a buffer has at least the bytes of its tensor's elements.
        try unsafe body(UnsafeRawBufferPointer(rebasing: bytes[..<byteCount]))
      }
    case .bytes(let bytes):
      try unsafe withUnsafeBytes(of: UInt32(truncatingIfNeeded: bytes.count).littleEndian) { length in
        try unsafe (Array(length) + bytes).withUnsafeBytes(body)
      }
    }
  }

  /// The elements as JSON numbers, with commas between them.
  func writeNumbers(to buffer: inout ByteBuffer) {
    guard case .elements(let tensor) = content else { return }
    let count = tensor.elementCount
    unsafe tensor.buffer.withBytes { bytes in
      // SAFETY, of the three loads: the tensor has `count` elements of that type.
      for index in 0..<count {
        if index > 0 { buffer.writeInteger(UInt8(ascii: ",")) }
        switch tensor.element {
        case .uint8: buffer.writeString(String(unsafe bytes[index]))
        case .float32:
          Self.write(unsafe bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self), to: &buffer)
        case .float16:
          Self.write(Float(unsafe bytes.loadUnaligned(fromByteOffset: index * 2, as: Float16.self)), to: &buffer)
        }
      }
    }
  }

  /// The shortest text that reads back as the same number; what JSON cannot say, as Python writes it.
  private static func write(_ value: Float, to buffer: inout ByteBuffer) {
    let text = value.isFinite ? "\(value)" : value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
    buffer.writeString(text)
  }
}
