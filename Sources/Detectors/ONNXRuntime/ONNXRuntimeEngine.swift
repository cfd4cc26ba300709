import EdgepipeCore
public import Foundation

/// Runs models with ONNX Runtime, opened at run time from a shared library. Safe to use from any thread.
public final class ONNXRuntimeEngine: InferenceEngine {
  private let environment: ONNXRuntimeEnvironment

  /// - Parameter libraryPath: the shared library; nil searches `EDGEPIPE_ONNXRUNTIME`, `.deps/lib` of the package,
  ///   `../lib` beside the program and the system's library path, in this order.
  /// - Throws: a `PipelineError` with exit code 69 when the library is missing or too old.
  public init(libraryPath: String? = nil) throws {
    let library = try ONNXRuntimeLibrary(explicitPath: libraryPath)
    do {
      environment = try ONNXRuntimeEnvironment(library)
    } catch let failure as ONNXRuntimeFailure {
      throw PipelineError("cannot initialise ONNX Runtime at '\(library.path)': \(failure.reason)", code: .unavailable)
    }
  }

  public var version: String { "onnxruntime \(environment.library.version)" }

  var library: ONNXRuntimeLibrary { environment.library }
  var graphEnvironment: ONNXRuntimeEnvironment { environment }

  /// Where the library was found.
  public var libraryPath: String { environment.library.path }

  public func makeSession(model: Data, options: SessionOptions) throws -> any InferenceSession {
    try ONNXRuntimeSession(environment, model: model, options: options)
  }
}
