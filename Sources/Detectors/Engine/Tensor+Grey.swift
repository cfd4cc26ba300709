import EdgepipeCore

extension Tensor {
  /// A tensor of one value in the middle of its range, to run a model on when its result does not matter.
  package static func grey(shape: [Int], element: TensorElement) -> Tensor {
    let tensor = Tensor(shape: shape, element: element, pool: BufferPool())
    switch element {
    case .float16:
      // SAFETY: every element is written, within the tensor's own memory; 0x3800 is 0.5.
      unsafe tensor.buffer.withBytes { unsafe $0.bindMemory(to: UInt16.self).update(repeating: 0x3800) }
    // SAFETY: every element is written, within the tensor's own memory.
    case .float32: unsafe tensor.withFloats { unsafe $0.update(repeating: 0.5) }
    // SAFETY: as above.
    case .uint8: unsafe tensor.buffer.withBytes { bytes in for index in bytes.indices { unsafe bytes[index] = 127 } }
    }
    return tensor
  }
}
