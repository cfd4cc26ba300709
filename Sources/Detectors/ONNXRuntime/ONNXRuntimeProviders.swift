import COnnxRuntime
import EdgepipeCore

extension ONNXRuntimeEngine {
  /// The execution providers that this build of the library has, in its own order of preference, such as
  /// `CUDAExecutionProvider`. Being built in does not mean that the driver is there.
  ///
  /// - Throws: a `PipelineError` with exit code 69 when the library refuses to say.
  package func executionProviders() throws -> [String] {
    do throws(ONNXRuntimeFailure) { return try library.executionProviders() } catch {
      throw PipelineError("cannot list the execution providers of ONNX Runtime: \(error.reason)", code: .unavailable)
    }
  }
}

extension ONNXRuntimeLibrary {
  func executionProviders() throws(ONNXRuntimeFailure) -> [String] {
    var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    var count: Int32 = 0
    // SAFETY: both outlive the call, which makes an array of `count` C strings that is given back below.
    try unsafe check(api.pointee.GetAvailableProviders(&names, &count))
    guard let list = unsafe names else { return [] }
    var providers: [String] = []
    for index in 0..<Int(max(0, count)) {
      if let name = unsafe list[index] { providers.append(unsafe String(cString: name)) }
    }
    // SAFETY: the array of the call above, not used any more.
    try unsafe check(api.pointee.ReleaseAvailableProviders(list, count))
    return providers
  }
}
