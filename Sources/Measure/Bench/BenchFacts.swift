import Detectors
import Foundation

/// What was benchmarked, and on what: the head of every form of the result.
package struct BenchFacts: Sendable {
  /// The command's version.
  var version: String
  var engine: String
  var model: ResolvedModel
  var manifest: ModelManifest
  /// Of the model's file.
  var byteCount: Int
  var decodes: Bool
  var seed: UInt64
  /// Assumptions and fallbacks, in sentences.
  var notes: [String]

  package init(
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
  var measured: String { decodes ? "inference and decoding" : "inference" }

  /// What went in.
  var fed: String {
    let input = manifest.input
    guard input.element == .float32 else { return "random pixels 0 to 255 (seed \(seed))" }
    func list(_ values: [Float]) -> String { values.map { String(format: "%g", $0) }.joined(separator: ", ") }
    return "random pixels 0 to 255 (seed \(seed)), minus [\(list(input.mean))], times [\(list(input.scale))]"
  }
}
