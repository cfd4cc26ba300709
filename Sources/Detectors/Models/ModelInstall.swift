public import EdgepipeCore
public import Foundation

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
        return Verification(name: name, fault: PipelineError("\(error)", code: .internalFault))
      }
    }
  }

  /// Puts a model into the store in one step: readers see the old model or the new one, never a part.
  ///
  /// - Parameters:
  ///   - replaces: takes the place of a model of that name; otherwise one that is there is an error.
  ///   - fill: writes the ONNX file to the given path; `manifest` must hold that file's hash, or an empty one to be
  ///     filled in here.
  /// - Throws: a ``PipelineError``: `writeFailed` when the store cannot be written, `malformed` when the hash differs,
  ///   `invalidArgument` when something is there that stays.
  @discardableResult
  public func install(
    _ manifest: ModelManifest, replaces: Bool = true, fill: (URL) throws -> Void
  ) throws -> ModelManifest {
    let name = manifest.name
    guard ModelManifest.isUsable(name: name) else {
      throw PipelineError(
        "'\(name)' is not a valid model name", remedy: "use letters, digits, '.', '_' and '-'", code: .invalidArgument)
    }
    let making = try writing("create a folder in '\(folder.path)'") { try StagingFolder(in: folder, name: name) }
    defer { making.remove() }
    let staging = making.url
    let file = staging.appendingPathComponent(manifest.file)
    try fill(file)
    var manifest = manifest
    let hash = try FileHash.sha256(of: file)
    if manifest.sha256.isEmpty { manifest.sha256 = hash }
    guard manifest.sha256 == hash else {
      throw PipelineError(
        "model '\(name)' has sha256 \(hash), expected \(manifest.sha256)", code: .malformed)
    }
    if let fault = manifest.fault { throw PipelineError("model '\(name)': \(fault)", code: .invalidArgument) }
    let encoded = try manifest.encoded()
    try writing("write the manifest of '\(name)'") {
      try encoded.write(to: staging.appendingPathComponent("manifest.json"))
    }
    try writing("install '\(name)' in '\(folder.path)'") { try swapIn(staging, name: name, replaces: replaces) }
    return manifest
  }

  /// The error for a name that is taken.
  package static func isThere(_ name: String) -> PipelineError {
    PipelineError(
      "model '\(name)' already exists", remedy: "choose another --name, or replace it with --force",
      code: .alreadyExists)
  }

  /// Clears what programs that were killed while they made a model have left.
  func clearLeftovers() { StagingFolder.clearLeftovers(in: folder) }

  /// Renames the finished folder into its place, in one step also where one is replaced. Others who install wait.
  private func swapIn(_ staging: URL, name: String, replaces: Bool) throws {
    let lock = FolderLock(folder, waits: true)
    defer { lock.release() }
    let place = folder(of: name)
    guard FileManager.default.fileExists(atPath: place.path) else {
      return try FileManager.default.moveItem(at: staging, to: place)
    }
    guard replaces || !isInstalled(name) else { throw Self.isThere(name) }
    guard isModel(place, replaces: replaces) else {
      throw PipelineError(
        "cannot install '\(name)': '\(place.path)' exists and is not a model",
        remedy: "choose another --name, or move it away",
        code: .writeFailed)
    }
    if OutputPath.exchange(staging.path, place.path) { return }
    // File systems that cannot: the old one steps aside first, as folders cannot be overwritten.
    let old = StagingFolder.aside(in: folder, name: name)
    try FileManager.default.moveItem(at: place, to: old)
    do { try FileManager.default.moveItem(at: staging, to: place) } catch {
      try? FileManager.default.moveItem(at: old, to: place)
      throw error
    }
    try? FileManager.default.removeItem(at: old)
  }

  /// Whether a folder in a model's place may go: it is empty, or a replacement is wanted and it holds a model and
  /// nothing else, which would go with it.
  private func isModel(_ place: URL, replaces: Bool) -> Bool {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: place.path) else { return false }
    return names.isEmpty || replaces && names.allSatisfy { $0 == "manifest.json" || $0.hasSuffix(".onnx") }
  }

  private func writing<Result>(_ attempt: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as PipelineError {
      throw error
    } catch {
      throw PipelineError(
        "cannot \(attempt): \(error.localizedDescription)",
        remedy: "check the folder's permissions and space, or set EDGEPIPE_MODELS", code: .writeFailed)
    }
  }
}
