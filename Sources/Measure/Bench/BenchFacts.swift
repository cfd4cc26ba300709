import Detectors
import Foundation

/// What was benchmarked, and on what: the head of every form of the result.
public struct BenchFacts: Sendable {
  /// The command's version.
  public var version: String
  public var engine: String
  public var model: ResolvedModel
  public var manifest: ModelManifest
  /// Of the model's file.
  public var byteCount: Int
  public var decodes: Bool
  public var seed: UInt64
  /// Assumptions and fallbacks, in sentences.
  public var notes: [String]

  public init(
    version: String, engine: String, subject: ModelSubject, decodes: Bool, seed: UInt64
  ) {
    self.version = version
    self.engine = engine
    model = subject.model
    manifest = subject.manifest
    byteCount = (try? model.file.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? 0
    self.decodes = decodes
    self.seed = seed
    notes = subject.notes
  }

  /// `inference` or `inference and decoding`.
  public var measured: String { decodes ? "inference and decoding" : "inference" }

  /// What went in.
  public var fed: String {
    let input = manifest.input
    guard input.element == .float32 else { return "random pixels 0 to 255 (seed \(seed))" }
    func list(_ values: [Float]) -> String { values.map { String(format: "%g", $0) }.joined(separator: ", ") }
    return "random pixels 0 to 255 (seed \(seed)), minus [\(list(input.mean))], times [\(list(input.scale))]"
  }
}
