import COnnxRuntime

/// The operators of ours, registered with one opened library: every session may use them.
@safe final class ONNXRuntimeOperators: @unchecked Sendable {
  // SAFETY (@unchecked Sendable): written in init only; the library reads operators and domain from any thread.

  /// What nodes of a model name beside the operator.
  static let domain = "ai.edgepipe"
  /// The minor version of the oldest library that runs them.
  static let oldestVersion = Int(EPOrtOperatorVersion)

  /// The one visible list of operators.
  static let kernels: [any OperatorKernel.Type] = [
    PixelPatches.self, QuantizeFromPlanar.self, QuantizedActivation.self, ActivatedConcat.self,
    ChannelsLastMaxPool.self, NearestUpsample.self, DequantizeToPlanar.self,
    JoinedRows.self, PointwiseConvolution.self, DepthwiseConvolution.self, PictureConvolution.self,
    FloatConvolution.self, QuantizingConvolution.self,
  ]

  private let library: ONNXRuntimeLibrary
  /// One struct a kernel type; they must outlive the domain, which must outlive every session.
  private let operators: UnsafeMutablePointer<EPOperator>
  private let pointer: OpaquePointer

  init(_ library: ONNXRuntimeLibrary) throws {
    self.library = library
    unsafe operators = .allocate(capacity: Self.kernels.count)
    for (index, kernel) in Self.kernels.enumerated() {
      let entry = OperatorEntry(kernel, library)
      // SAFETY: within the capacity; the entry is retained until deinit.
      unsafe (operators + index).initialize(to: entry.described(context: Unmanaged.passRetained(entry).toOpaque()))
    }
    var made: OpaquePointer?
    try unsafe library.check(library.api.pointee.CreateCustomOpDomain(Self.domain, &made))
    unsafe pointer = try unsafe library.owned(made)
    for index in Self.kernels.indices {
      // SAFETY: `op` is the struct's first member, so both have one address.
      let op = unsafe UnsafeRawPointer(operators + index).assumingMemoryBound(to: OrtCustomOp.self)
      try unsafe library.check(library.api.pointee.CustomOpDomain_Add(pointer, op))
    }
  }

  /// Lets the sessions made with these options use the operators.
  func add(to options: OpaquePointer) throws {
    // SAFETY: the environment keeps this object for as long as it lives, and every session keeps the environment.
    try unsafe library.check(library.api.pointee.AddCustomOpDomain(options, pointer))
  }

  deinit {
    unsafe library.api.pointee.ReleaseCustomOpDomain(pointer)
    for index in Self.kernels.indices {
      unsafe Unmanaged<OperatorEntry>.fromOpaque(operators[index].context).release()
    }
    unsafe operators.deallocate()
  }
}
