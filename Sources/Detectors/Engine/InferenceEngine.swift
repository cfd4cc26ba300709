public import Foundation

/// What runs models. ONNX Runtime first; others come in behind this protocol.
public protocol InferenceEngine: Sendable {
  /// Name and version of the library really loaded, such as `onnxruntime 1.31.1`.
  var version: String { get }
  /// Opens a model for one worker; several sessions of one model may run side by side.
  ///
  /// - Throws: a ``PipelineError`` with the engine's reason when it refuses the model.
  func makeSession(model: Data, options: SessionOptions) throws -> any InferenceSession
}
