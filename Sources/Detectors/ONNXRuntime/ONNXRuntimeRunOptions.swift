import COnnxRuntime

/// What each run of one session is given: the means to end it.
///
/// The library looks between two nodes of the graph, those inside loops included: a kernel that does not return is not ended.
@safe final class ONNXRuntimeRunOptions: InferenceStop, @unchecked Sendable {
  // SAFETY (@unchecked Sendable): the library lets the flag be set and cleared by any thread while a run reads it, and
  // nothing else is ever changed.
  private let library: ONNXRuntimeLibrary
  // SAFETY: from CreateRunOptions, which reported success; released once, in deinit, after every run that was given it.
  let pointer: OpaquePointer

  init(_ library: ONNXRuntimeLibrary) throws {
    var made: OpaquePointer?
    try unsafe library.check(library.api.pointee.CreateRunOptions(&made))
    let owned = try unsafe library.owned(made)
    self.library = library
    unsafe pointer = unsafe owned
  }

  // Setting and clearing a flag cannot fail.

  func stop() { try? unsafe library.check(library.api.pointee.RunOptionsSetTerminate(pointer)) }

  func clear() { try? unsafe library.check(library.api.pointee.RunOptionsUnsetTerminate(pointer)) }

  deinit { unsafe library.api.pointee.ReleaseRunOptions(pointer) }
}
