import COnnxRuntime

/// A kernel type as the library sees it: the functions behind an `OrtCustomOp`.
@safe final class OperatorEntry {
  let kernel: any OperatorKernel.Type
  let library: ONNXRuntimeLibrary
  // SAFETY: a C string of ours, freed in deinit.
  private let name: UnsafeMutablePointer<CChar>

  init(_ kernel: any OperatorKernel.Type, _ library: ONNXRuntimeLibrary) {
    self.kernel = kernel
    self.library = library
    let bytes = kernel.name.utf8CString
    unsafe name = .allocate(capacity: bytes.count)
    for (index, byte) in bytes.enumerated() { unsafe (name + index).initialize(to: byte) }
  }

  deinit { unsafe name.deallocate() }

  /// The struct to register; `context` is this object.
  func described(context: UnsafeMutableRawPointer) -> EPOperator {
    var op = unsafe OrtCustomOp(
      version: UInt32(EPOrtOperatorVersion),
      CreateKernel: nil,
      GetName: { unsafe UnsafePointer(OperatorEntry.of($0).name) },
      GetExecutionProviderType: { _ in nil },
      GetInputType: { unsafe OperatorEntry.number(OperatorEntry.of($0).kernel.inputs, $1) },
      GetInputTypeCount: { unsafe OperatorEntry.of($0).kernel.inputs.count },
      GetOutputType: { op, _ in unsafe OperatorEntry.number([OperatorEntry.of(op).kernel.output], 0) },
      GetOutputTypeCount: { _ in 1 },
      KernelCompute: nil,
      KernelDestroy: { unsafe Unmanaged<KernelBox>.fromOpaque($0).release() },
      GetInputCharacteristic: { unsafe OperatorEntry.characteristic(OperatorEntry.of($0).kernel, $1) },
      GetOutputCharacteristic: { _, _ in OperatorEntry.required },
      GetInputMemoryType: { _, _ in ONNXRuntimeConstant.defaultMemory },
      GetVariadicInputMinArity: { _ in 1 },
      GetVariadicInputHomogeneity: { _ in 1 },
      GetVariadicOutputMinArity: { _ in 0 },
      GetVariadicOutputHomogeneity: { _ in 0 },
      CreateKernelV2: { op, _, info, kernel in unsafe OperatorEntry.of(op).make(info, into: kernel) },
      KernelComputeV2: { unsafe KernelBox.run($0, $1) },
      InferOutputShapeFn: nil,
      GetStartVersion: { _ in 1 },
      GetEndVersion: { _ in Int32.max },
      GetMayInplace: nil, ReleaseMayInplace: nil, GetAliasMap: nil, ReleaseAliasMap: nil)
    if kernel.worksInPlace {
      unsafe op.GetMayInplace = { inputs, outputs in
        // SAFETY: two lists of one index, which the library gives back to the next function.
        unsafe inputs.pointee = .allocate(capacity: 1)
        unsafe outputs.pointee = .allocate(capacity: 1)
        unsafe inputs.pointee?.initialize(to: 0)
        unsafe outputs.pointee?.initialize(to: 0)
        return 1
      }
      unsafe op.ReleaseMayInplace = { inputs, outputs in
        unsafe inputs?.deallocate()
        unsafe outputs?.deallocate()
      }
    }
    // SAFETY: every function above finds this object again through the context beside the struct.
    return unsafe EPOperator(op: op, context: context)
  }

  private static let required: Int32 = 0
  private static let variadic: Int32 = 2

  private static func characteristic(_ kernel: any OperatorKernel.Type, _ index: Int) -> Int32 {
    kernel.isVariadic && index == kernel.inputs.count - 1 ? variadic : required
  }

  private static func number(_ elements: [OperatorElement], _ index: Int) -> Int32 {
    elements.indices.contains(index) ? elements[index].rawValue : 0
  }

  private static func of(_ op: UnsafePointer<OrtCustomOp>) -> OperatorEntry {
    // SAFETY: only structs made by `described` are registered: an EPOperator begins with its `op`, and its context is
    // an entry that lives as long as the struct.
    let whole = unsafe UnsafeRawPointer(op).assumingMemoryBound(to: EPOperator.self)
    return unsafe Unmanaged<OperatorEntry>.fromOpaque(whole.pointee.context).takeUnretainedValue()
  }

  private func make(
    _ info: OpaquePointer, into kernel: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) -> OpaquePointer? {
    do {
      let box = KernelBox(try unsafe self.kernel.init(OperatorAttributes(library, info)), library)
      // SAFETY: the library gives the pointer back to KernelDestroy, which releases it.
      unsafe kernel.pointee = unsafe Unmanaged.passRetained(box).toOpaque()
      return nil
    } catch {
      return unsafe library.status(of: error)
    }
  }
}

/// A kernel in the library's hands.
private final class KernelBox {
  private let kernel: any OperatorKernel
  private let library: ONNXRuntimeLibrary

  init(_ kernel: any OperatorKernel, _ library: ONNXRuntimeLibrary) {
    self.kernel = kernel
    self.library = library
  }

  static func run(_ pointer: UnsafeMutableRawPointer, _ context: OpaquePointer) -> OpaquePointer? {
    // SAFETY: the library passes what `make` gave it and has not destroyed it yet.
    let box = unsafe Unmanaged<KernelBox>.fromOpaque(pointer).takeUnretainedValue()
    do {
      try unsafe box.kernel.compute(OperatorCall(box.library, context))
      return nil
    } catch {
      return unsafe box.library.status(of: error)
    }
  }
}

extension ONNXRuntimeLibrary {
  /// A status for the library to hand on to the caller; the library releases it.
  fileprivate func status(of error: any Error) -> OpaquePointer? {
    let failure = error as? ONNXRuntimeFailure
    return unsafe api.pointee.CreateStatus(
      failure?.code ?? ONNXRuntimeConstant.failed, failure?.message ?? String(describing: error))
  }
}
