import Foundation
import Pipeline

extension ModelStore {
  /// What `verify` found out about one installed model.
  public struct Verification: Sendable {
    public var name: String
    /// Nil when the model is sound.
    public var fault: PipelineError?
  }

  /// Hashes every installed model, or those named.
  public func verify(_ names: [String]? = nil) -> [Verification] {
    (names ?? installedNames()).map { name in
      do {
        _ = try resolve(name)
        return Verification(name: name, fault: nil)
      } catch let error as PipelineError {
        return Verification(name: name, fault: error)
      } catch {
        return Verification(name: name, fault: PipelineError("\(error)", exit: .software))
      }
    }
  }

  /// Puts a model into the store in one step: readers see the old model or the new one, never a part.
  ///
  /// - Parameter fill: writes the ONNX file to the given path; `manifest` must hold that file's hash, or an empty one
  ///   to be filled in here.
  /// - Parameter mayReplace: false when a model of that name, also one that came while this one was written, stays.
  /// - Throws: a ``PipelineError``: `ioError` when the store cannot be written, `dataError` when the hash differs, `usage`
  ///   for a name that is taken.
  @discardableResult
  public func install(
    _ manifest: ModelManifest, mayReplace: Bool = true, fill: (URL) throws -> Void
  ) throws -> ModelManifest {
    let name = manifest.name
    guard ModelManifest.isUsable(name: name) else {
      throw PipelineError(
        "a model cannot be called '\(name)'", remedy: "use letters, digits, '.', '_' and '-'", exit: .usage)
    }
    // A leading dot keeps what is not finished out of every listing.
    let staging = folder.appendingPathComponent(".\(name)-\(UUID().uuidString)", isDirectory: true)
    defer { try? FileManager.default.removeItem(at: staging) }
    try writing("create '\(staging.path)'") {
      try FileManager.default.createDirectory(at: staging, withIntermediateDirectories: true)
    }
    let file = staging.appendingPathComponent(manifest.file)
    try fill(file)
    var manifest = manifest
    let hash = try FileHash.sha256(of: file)
    if manifest.sha256.isEmpty { manifest.sha256 = hash }
    guard manifest.sha256 == hash else {
      throw PipelineError(
        "model '\(name)' came out with sha256 \(hash), expected \(manifest.sha256)", exit: .dataError)
    }
    if let fault = manifest.fault { throw PipelineError("model '\(name)': \(fault)", exit: .usage) }
    let encoded = try manifest.encoded()
    try writing("write the manifest of '\(name)'") {
      try encoded.write(to: staging.appendingPathComponent("manifest.json"))
    }
    try writing("install '\(name)' in '\(folder.path)'") {
      if mayReplace { return try swapIn(staging, name: name) }
      // A folder is never renamed over another one that holds something.
      do {
        try FileManager.default.moveItem(at: staging, to: self.folder(of: name))
      } catch where isInstalled(name) {
        throw PipelineError(
          "model '\(name)' is there already", remedy: "say another --name, or --force", exit: .usage)
      }
    }
    return manifest
  }

  /// Renames the finished folder into its place; the old one steps aside first, as folders cannot be overwritten.
  private func swapIn(_ staging: URL, name: String) throws {
    let place = folder(of: name)
    let old = folder.appendingPathComponent(".\(name)-old-\(UUID().uuidString)", isDirectory: true)
    defer { try? FileManager.default.removeItem(at: old) }
    // Another process may install the same model now: whoever renames last wins, and both are whole.
    for attempt in 0..<5 {
      if FileManager.default.fileExists(atPath: place.path) {
        do { try FileManager.default.moveItem(at: place, to: old) } catch where attempt < 4 { continue }
      }
      do {
        return try FileManager.default.moveItem(at: staging, to: place)
      } catch {
        if attempt == 4 || !FileManager.default.fileExists(atPath: staging.path) { throw error }
        try? FileManager.default.removeItem(at: old)
      }
    }
  }

  private func writing(_ attempt: String, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as PipelineError {
      throw error
    } catch {
      throw PipelineError(
        "cannot \(attempt): \(error.localizedDescription)",
        remedy: "check the folder's permissions and space, or set EDGEPIPE_MODELS", exit: .ioError)
    }
  }
}
