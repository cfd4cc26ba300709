/// A tensor of any type with its name: what goes from one part of a model to the next.
package struct GraphTensor: Sendable, Hashable {
  package var name: String
  /// The type of its elements, by ONNX's number.
  package var element: Int32
  package var shape: [Int]
  /// Its elements, row-major and little-endian.
  package var bytes: [UInt8]

  package init(name: String, element: Int32, shape: [Int], bytes: [UInt8]) {
    self.name = name
    self.element = element
    self.shape = shape
    self.bytes = bytes
  }

  /// A tensor of float32.
  package init(name: String, shape: [Int], floats: [Float]) {
    // SAFETY: the bytes are copied before the closure returns, and floats have no padding.
    self.init(name: name, element: 1, shape: shape, bytes: unsafe floats.withUnsafeBytes { unsafe Array($0) })
  }

  /// The elements of a float32 tensor; nil for other types.
  package var floats: [Float]? {
    guard element == 1 else { return nil }
    var values = [Float](repeating: 0, count: bytes.count / 4)
    // SAFETY: the target holds as many bytes as are copied, and any four bytes are a float.
    unsafe values.withUnsafeMutableBytes { target in
      unsafe bytes.withUnsafeBytes {
        unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<target.count]))
      }
    }
    return values
  }
}

/// What a graph declares of an input or output: its type by ONNX's number, and nil for each free dimension.
package struct GraphTensorDescription: Sendable, Hashable {
  package var name: String
  package var element: Int32
  package var shape: [Int?]

  package init(name: String, element: Int32, shape: [Int?]) {
    self.name = name
    self.element = element
    self.shape = shape
  }
}
