package import Detectors

/// A model as the detecting stages see it: what it finds, and which of them runs it.
package struct DetectorModel: Sendable {
  /// As a pipeline file names it.
  package let reference: String
  /// By its manifest, or else the reference.
  package let name: String
  package let classes: [String]
  package let findsFaces: Bool
  /// The input that its figures are taken at.
  package let usualShape: InputShape

  /// Of a bare .onnx file head and classes are guessed, as in a pipeline.
  ///
  /// - Throws: a ``PipelineError`` for a model that is not there or cannot be read.
  package init(_ reference: String, resolver: any ModelResolver) throws {
    let manifest = try ModelFile(resolver.resolve(reference), shape: .auto).manifest
    self.reference = reference
    name = manifest.name
    classes = manifest.classes
    findsFaces = manifest.head.findsFaces
    usualShape = manifest.usualShape
  }
}
