import Detectors
import EdgepipeCompression
import EdgepipeCore
import EdgepipeONNX

/// A candidate as stages find models: by a name, in a file.
final class CandidateModel: ModelResolver, Sendable {
  /// What stages call it.
  static let reference = "candidate"

  private let file: MemoryFile
  private let model: ResolvedModel

  /// - Throws: ``PipelineError`` (`writeFailed`) when the system gives no memory for it.
  init(_ candidate: CompressionCandidate) throws {
    let bytes = try candidate.model.serialized(), hash = FileHash.sha256(of: bytes)
    file = try MemoryFile(bytes)
    var manifest = candidate.manifest
    manifest.sha256 = hash
    model = ResolvedModel(reference: Self.reference, manifest: manifest, file: file.url, sha256: hash)
  }

  func resolve(_ reference: String) throws -> ResolvedModel { model }
}
