package import EdgepipeCore
import Foundation

extension ResolvedModel {
  /// The model's file and the manifests beside it that it may be described by: what nobody may write meanwhile.
  package func files(as role: String) -> [FileUse] {
    let manifests = [
      file.deletingPathExtension().appendingPathExtension("json"),
      file.deletingLastPathComponent().appendingPathComponent("manifest.json"),
    ]
    let there = manifests.filter { FileManager.default.fileExists(atPath: $0.path) }
    return [.reads(file.path, as: role)] + there.map { .reads($0.path, as: "the manifest of \(role)") }
  }
}
