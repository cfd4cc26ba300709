import EdgepipeCore
public import Foundation

/// Finds models by what a pipeline file says: a name in the model store, or a path to an .onnx file or a manifest.
public protocol ModelResolver: Sendable {
  /// - Throws: a `PipelineError` that names the model, the known names, and how to get it.
  func resolve(_ reference: String) throws -> ResolvedModel

  /// Keeps a copy of a sound model's file where there is no source that it could be fetched from again.
  ///
  /// - Throws: a `PipelineError` where it cannot be written.
  func keepCopy(of model: ResolvedModel) throws

  /// Puts the sound file in the place of a damaged one, in one step: from a copy that was kept, or from its source.
  ///
  /// - Parameter sha256: of the sound file, where no manifest says it.
  /// - Returns: where it is from, in words.
  /// - Throws: a `PipelineError` where there is neither, or it cannot be written.
  func restore(_ reference: String, sha256: String?) throws -> String
}

/// A store that keeps nothing.
extension ModelResolver {
  public func keepCopy(of model: ResolvedModel) throws {}

  public func restore(_ reference: String, sha256: String?) throws -> String {
    throw PipelineError("of the model '\(reference)' there is neither a copy nor a source", code: .unavailable)
  }
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
