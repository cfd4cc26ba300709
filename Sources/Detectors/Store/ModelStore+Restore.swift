import EdgepipeCore
import EdgepipeONNX
import Foundation

/// What becomes of a model's file that was damaged: a copy of it is kept, or its source is asked again.
extension ModelStore {
  /// So many copies are kept; of more, the oldest go.
  static let mostCopies = 16

  private var copies: URL { folder.appendingPathComponent(".kept", isDirectory: true) }

  private func copy(_ sha256: String) -> URL { copies.appendingPathComponent("\(sha256).onnx") }

  public func keepCopy(of model: ResolvedModel) throws {
    // Others come again from where they came from, and a copy would take as much of the disk once more.
    guard BuiltinModels.find(model.reference) == nil else { return }
    let place = copy(model.sha256)
    if (try? FileHash.sha256(of: place)) == model.sha256 { return }
    let bytes = try readFile(model.file, what: "model", limit: OnnxModel.maximumByteCount)
    guard FileHash.sha256(of: bytes) == model.sha256 else { return }
    do {
      try FileManager.default.createDirectory(at: copies, withIntermediateDirectories: true)
      try bytes.write(to: place, options: .atomic)
    } catch {
      throw PipelineError(
        "cannot keep a copy of the model '\(model.reference)' in '\(copies.path)': \(error.localizedDescription)",
        code: .writeFailed)
    }
    removeOldCopies()
  }

  private func removeOldCopies() {
    let keys: Set<URLResourceKey> = [.contentModificationDateKey]
    let files =
      (try? FileManager.default.contentsOfDirectory(at: copies, includingPropertiesForKeys: Array(keys))) ?? []
    guard files.count > Self.mostCopies else { return }
    func date(_ file: URL) -> Date {
      (try? file.resourceValues(forKeys: keys))?.contentModificationDate ?? .distantPast
    }
    let oldest = files.map { ($0, date($0)) }.sorted { $0.1 < $1.1 }.prefix(files.count - Self.mostCopies)
    for (file, _) in oldest { try? FileManager.default.removeItem(at: file) }
  }

  public func restore(_ reference: String, sha256 known: String?) throws -> String {
    let place = place(of: reference)
    // Where the model was replaced while an older one runs, its manifest says which file belongs there.
    if let sha256 = place?.sha256 ?? known, let file = place?.file {
      let kept = copy(sha256)
      if let bytes = try? readFile(kept, what: "model", limit: OnnxModel.maximumByteCount),
        FileHash.sha256(of: bytes) == sha256
      {
        do { try bytes.write(to: file, options: .atomic) } catch {
          throw PipelineError(
            "cannot write '\(file.path)': \(error.localizedDescription)",
            remedy: "check the folder's permissions and space", code: .writeFailed)
        }
        return "the copy '\(kept.path)'"
      }
    }
    guard BuiltinModels.find(reference) != nil else {
      throw PipelineError(
        "of the model '\(reference)' there is neither a copy nor a source",
        remedy: "put the file there again, or import it with --force", code: .unavailable)
    }
    try ModelPuller(store: self).pull(reference, force: true)
    return "its source"
  }

  /// Where the file of a model is or should be, and its hash by the manifest.
  private func place(of reference: String) -> (file: URL, sha256: String?)? {
    func described(_ manifest: URL) -> (URL, String?)? {
      guard let known = try? ModelManifest.read(manifest) else { return nil }
      return (manifest.deletingLastPathComponent().appendingPathComponent(known.file), known.sha256)
    }
    guard reference.contains("/") || reference.hasSuffix(".onnx") || reference.hasSuffix(".json") else {
      return described(folder(of: reference).appendingPathComponent("manifest.json"))
    }
    let file = URL(fileURLWithPath: reference)
    if file.pathExtension == "json" { return described(file) }
    let beside = [
      file.deletingPathExtension().appendingPathExtension("json"),
      file.deletingLastPathComponent().appendingPathComponent("manifest.json"),
    ]
    let known = beside.lazy.compactMap(described).first { $0.0.lastPathComponent == file.lastPathComponent }
    return known ?? (file, nil)
  }
}
