public import Foundation

/// Finds models by what a pipeline file says: a name in the model store, or a path to an .onnx file or a manifest.
public protocol ModelResolver: Sendable {
  /// - Throws: a `PipelineError` that names the model, the known names, and how to get it.
  func resolve(_ reference: String) throws -> ResolvedModel
}

/// A model that is on this machine.
public struct ResolvedModel: Sendable {
  /// As the pipeline file calls it.
  public var reference: String
  /// Nil for a bare .onnx file: the head is then guessed from its outputs.
  public var manifest: ModelManifest?
  public var file: URL
  /// Of the file, in lower-case hexadecimal; checked against the manifest's.
  public var sha256: String

  public init(reference: String, manifest: ModelManifest?, file: URL, sha256: String) {
    self.reference = reference
    self.manifest = manifest
    self.file = file
    self.sha256 = sha256
  }
}
