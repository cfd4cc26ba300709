public import EdgepipeCore

/// The element types that models take and give here.
public enum TensorElement: String, Sendable, Codable {
  case float32
  case float16
  case uint8

  public var byteCount: Int {
    switch self {
    case .float32: 4
    case .float16: 2
    case .uint8: 1
    }
  }
}

extension TensorElement {
  /// By the numbers that ONNX files and ONNX Runtime share.
  package init?(onnx number: Int32) {
    switch number {
    case 1: self = .float32
    case 2: self = .uint8
    case 10: self = .float16
    default: return nil
    }
  }

  var onnxNumber: Int32 {
    switch self {
    case .float32: 1
    case .uint8: 2
    case .float16: 10
    }
  }
}

/// The order of a picture's dimensions.
public enum TensorLayout: String, Sendable, Codable {
  /// Batch, channels, height, width: one plane after the other.
  case nchw
  /// Batch, height, width, channels: one pixel after the other.
  case nhwc
}

/// A dense, row-major block of numbers with a shape. Written once by its maker, then only read.
public final class Tensor: Sendable {
  /// Sizes from the outermost dimension in, such as [1, 3, 256, 416].
  public let shape: [Int]
  public let element: TensorElement
  public let buffer: BufferPool.Buffer

  /// Takes a buffer from `pool` that holds `shape`'s elements; their values are undefined until written.
  public init(shape: [Int], element: TensorElement = .float32, pool: BufferPool) {
    self.shape = shape
    self.element = element
    self.buffer = pool.buffer(byteCount: shape.reduce(element.byteCount, *))
  }

  public var elementCount: Int { shape.reduce(1, *) }

  /// The elements of a `float32` tensor, valid during `body` only.
  public func withFloats<Result>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> Result) rethrows -> Result {
    try unsafe buffer.withBytes { bytes in
      // SAFETY: the memory is 64-byte aligned, holds `elementCount` floats and is used as nothing else.
      try unsafe body(bytes.bindMemory(to: Float.self))
    }
  }
}
