import COnnxRuntime

/// One call of a kernel: its inputs, and where its output goes. Valid during `compute` only.
@safe struct OperatorCall {
  // SAFETY: the context comes from the library and lives through the call of the kernel; no kernel keeps this value.
  private let library: ONNXRuntimeLibrary
  private let context: OpaquePointer

  init(_ library: ONNXRuntimeLibrary, _ context: OpaquePointer) {
    self.library = library
    unsafe self.context = unsafe context
  }

  /// The shape and the bytes of an input; a kernel reads them as the element type that it declared.
  func input(_ index: Int) throws -> (shape: [Int], bytes: UnsafeRawPointer) {
    var value: OpaquePointer?
    // SAFETY: the value belongs to the context and is only read.
    try unsafe library.check(library.api.pointee.KernelContext_GetInput(context, index, &value))
    let tensor = try unsafe library.owned(value)
    let shape = try unsafe library.shape(of: tensor)
    return unsafe (shape, UnsafeRawPointer(try library.data(of: tensor)))
  }

  /// Memory for the output, as many elements as `shape` says; undefined until written.
  func output(_ shape: [Int]) throws -> UnsafeMutableRawPointer {
    let sizes = shape.map { Int64($0) }
    var value: OpaquePointer?
    // SAFETY: `sizes` lives through the call; the value belongs to the context.
    try unsafe library.check(library.api.pointee.KernelContext_GetOutput(context, 0, sizes, sizes.count, &value))
    return try unsafe library.data(of: library.owned(value))
  }

  /// A failure that names the operator.
  static func wrong(_ name: String, _ what: String) -> ONNXRuntimeFailure {
    ONNXRuntimeFailure(code: ONNXRuntimeConstant.invalidArgument, message: "operator \(name): \(what)")
  }
}
