import COnnxRuntime

/// What a session takes, or what it gives.
enum ONNXRuntimeSide { case input, output }

extension ONNXRuntimeLibrary {
  /// The names, types and shapes that a session declares, in order; of what is not a tensor, a type and a shape of
  /// nothing.
  func describe(
    _ side: ONNXRuntimeSide, of session: borrowing ONNXRuntimeSessionHandle
  ) throws -> [GraphTensorDescription] {
    var allocator: OpaquePointer?
    // SAFETY: the default allocator belongs to the library and is never released; counts and names are written to
    // locals, and every name is copied and then given back to that allocator.
    try unsafe check(api.pointee.GetAllocatorWithDefaultOptions(&allocator))
    let names = try unsafe owned(allocator)
    var count = 0
    try unsafe check(
      side == .input
        ? api.pointee.SessionGetInputCount(session.pointer, &count)
        : api.pointee.SessionGetOutputCount(session.pointer, &count))
    return try (0..<count).map { index in
      var name: UnsafeMutablePointer<CChar>?
      try unsafe check(
        side == .input
          ? api.pointee.SessionGetInputName(session.pointer, index, names, &name)
          : api.pointee.SessionGetOutputName(session.pointer, index, names, &name))
      guard let name = unsafe name else { throw ONNXRuntimeFailure(code: 1, message: "an input or output has no name") }
      let text = unsafe String(cString: name)
      try unsafe check(api.pointee.AllocatorFree(names, name))
      let info =
        try side == .input
        ? ONNXRuntimeTypeInfo(self, session: session, input: index)
        : ONNXRuntimeTypeInfo(self, session: session, output: index)
      guard let tensor = try info.tensor() else { return GraphTensorDescription(name: text, element: 0, shape: []) }
      return GraphTensorDescription(
        name: text, element: tensor.element, shape: tensor.shape.map { $0 < 0 ? nil : $0 })
    }
  }
}

extension TensorDescription {
  init(_ description: GraphTensorDescription) {
    self.init(
      name: description.name, element: TensorElement(onnx: description.element), shape: description.shape)
  }
}
