import COnnxRuntime
import EdgepipeCore
import Foundation

/// The opened shared library: its table of functions and its version. It stays loaded until the process ends, because
/// the library's own threads and static objects do.
@safe final class ONNXRuntimeLibrary: @unchecked Sendable {
  // SAFETY (@unchecked Sendable): the table is constant memory of a library that is never unloaded.
  let api: UnsafePointer<OrtApi>
  /// Such as `1.31.1`.
  let version: String
  let path: String
  /// True when the library is new enough for operators of ours.
  let takesOperators: Bool

  /// Opens the first library of the search order.
  ///
  /// - Parameter explicitPath: looked at first, and alone, when given.
  /// - Throws: a ``PipelineError`` with exit code 69 when none is found, or the one found is too old.
  convenience init(explicitPath: String?) throws {
    let candidates = ONNXRuntimeSearch.candidates(explicitPath: explicitPath)
    for candidate in candidates {
      // SAFETY: the name is a C string for the call; the library's initializers are trusted code.
      if let handle = unsafe dlopen(candidate, RTLD_NOW | RTLD_LOCAL) {
        try unsafe self.init(handle: handle, path: candidate)
        return
      }
    }
    throw ONNXRuntimeSearch.notFound(explicitPath: explicitPath)
  }

  private init(handle: UnsafeMutableRawPointer, path: String) throws {
    // SAFETY: the symbol, where it exists, is the function that COnnxRuntime declares; the base table it returns is
    // constant, and so are the version string and the function table.
    guard let symbol = unsafe dlsym(handle, "OrtGetApiBase"),
      let entry = unsafe unsafeBitCast(symbol, to: OrtGetApiBaseFunction?.self), let base = unsafe entry()
    else {
      unsafe dlclose(handle)
      throw PipelineError(
        "'\(path)' is not ONNX Runtime: it has no OrtGetApiBase", remedy: ONNXRuntimeSearch.remedy, code: .unavailable)
    }
    let version = unsafe String(cString: base.pointee.GetVersionString())
    guard let api = unsafe base.pointee.GetApi(UInt32(EPOrtInterfaceVersion)) else {
      throw PipelineError(
        "ONNX Runtime \(version) at '\(path)' is too old: 1.\(EPOrtInterfaceVersion) or newer is needed",
        remedy: ONNXRuntimeSearch.remedy, code: .unavailable)
    }
    unsafe self.api = unsafe api
    takesOperators = unsafe base.pointee.GetApi(UInt32(EPOrtOperatorVersion)) != nil
    self.version = version
    self.path = path
  }

  /// The one place where a status becomes an error; the status is released here.
  func check(_ status: OpaquePointer?) throws(ONNXRuntimeFailure) {
    guard let status = unsafe status else { return }
    // SAFETY: a non-null status is owned by the caller and valid until it is released below.
    let code = unsafe api.pointee.GetErrorCode(status)
    let message = unsafe String(cString: api.pointee.GetErrorMessage(status))
    unsafe api.pointee.ReleaseStatus(status)
    throw ONNXRuntimeFailure(code: code, message: message)
  }
}
