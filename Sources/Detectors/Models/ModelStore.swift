package import EdgepipeCore
public import Foundation

/// The models on this machine: one folder a model, named after it, with `manifest.json` and the ONNX file.
///
/// Safe to use from several threads and processes: models come and go by renaming whole folders.
public struct ModelStore: ModelResolver {
  public let folder: URL

  public init(folder: URL) { self.folder = folder }

  /// The store that the option names, else the environment: `EDGEPIPE_MODELS`, `XDG_DATA_HOME/edgepipe/models`, or
  /// `~/.local/share/edgepipe/models`.
  public static func standard(
    option: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> ModelStore {
    func path(_ name: String) -> URL? {
      guard let value = environment[name], !value.isEmpty else { return nil }
      return URL(fileURLWithPath: value, isDirectory: true)
    }
    if let option { return ModelStore(folder: URL(fileURLWithPath: option, isDirectory: true)) }
    if let folder = path("EDGEPIPE_MODELS") { return ModelStore(folder: folder) }
    let home = path("HOME") ?? FileManager.default.homeDirectoryForCurrentUser
    let data = path("XDG_DATA_HOME") ?? home.appendingPathComponent(".local/share")
    return ModelStore(folder: data.appendingPathComponent("edgepipe/models"))
  }

  /// Where a model of this name lies or would lie.
  public func folder(of name: String) -> URL { folder.appendingPathComponent(name, isDirectory: true) }

  /// The names of everything installed, sorted. A store that does not exist yet is empty.
  public func installedNames() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { ModelManifest.isUsable(name: $0) && isInstalled($0) }.sorted()
  }

  public func isInstalled(_ name: String) -> Bool {
    ModelManifest.isUsable(name: name)
      && FileManager.default.fileExists(atPath: folder(of: name).appendingPathComponent("manifest.json").path)
  }

  /// The manifest of an installed model. A folder's name is the model's: the manifest of a copied folder still has the
  /// original's.
  public func manifest(_ name: String) throws -> ModelManifest {
    var manifest = try ModelManifest.read(folder(of: name).appendingPathComponent("manifest.json"))
    manifest.name = name
    return manifest
  }

  /// Finds a model by its name in the store, or by a path to an .onnx file or a manifest, and checks its hash.
  ///
  /// - Throws: a ``PipelineError``: `modelMissing` for one that is not there, `malformed` for one that is damaged.
  public func resolve(_ reference: String) throws -> ResolvedModel {
    if reference.contains("/") || reference.hasSuffix(".onnx") || reference.hasSuffix(".json") {
      return try resolve(path: reference)
    }
    guard isInstalled(reference) else { throw unknown(reference) }
    let manifest = try manifest(reference)
    return try checked(
      manifest, in: folder(of: reference), reference: reference,
      remedy: BuiltinModels.find(reference) == nil
        ? "import it again" : "run `edgepipe models pull \(reference) --force`")
  }

  private func resolve(path: String) throws -> ResolvedModel {
    let file = URL(fileURLWithPath: path)
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw PipelineError(
        "model file '\(path)' does not exist", remedy: "give a model from `edgepipe models list` or an existing file",
        code: .modelMissing)
    }
    let folder = file.deletingLastPathComponent()
    if file.pathExtension == "json" {
      return try checked(
        .read(file), in: folder, reference: path, remedy: "correct its sha256, or fetch the file again")
    }
    guard file.pathExtension == "onnx" else {
      throw PipelineError(
        "model '\(path)' is neither an .onnx file nor a manifest (.json)", code: .invalidConfiguration)
    }
    // A manifest named after the file is meant for it; one named manifest.json only when it says so.
    let own = file.deletingPathExtension().appendingPathExtension("json")
    let shared = folder.appendingPathComponent("manifest.json")
    for candidate in [own, shared] where FileManager.default.fileExists(atPath: candidate.path) {
      let manifest = try ModelManifest.read(candidate)
      guard manifest.file == file.lastPathComponent else { continue }
      return try checked(
        manifest, in: folder, reference: path,
        remedy: "correct the sha256 in '\(candidate.path)', or fetch the file again")
    }
    return ResolvedModel(reference: path, manifest: nil, file: file, sha256: try FileHash.sha256(of: file))
  }

  private func checked(
    _ manifest: ModelManifest, in folder: URL, reference: String, remedy: String
  ) throws -> ResolvedModel {
    let file = folder.appendingPathComponent(manifest.file)
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw PipelineError("model '\(reference)' lacks its file '\(file.path)'", remedy: remedy, code: .modelMissing)
    }
    let hash = try FileHash.sha256(of: file)
    guard hash == manifest.sha256 else {
      throw PipelineError(
        "model '\(reference)' is damaged: '\(file.path)' has sha256 \(hash), expected \(manifest.sha256)",
        remedy: remedy, code: .malformed)
    }
    return ResolvedModel(reference: reference, manifest: manifest, file: file, sha256: hash)
  }

  /// The error for a name that is not installed: how to get it, or what it may have meant.
  package func unknown(_ name: String) -> PipelineError {
    if BuiltinModels.find(name) != nil {
      return PipelineError(
        "model '\(name)' is not installed in '\(folder.path)'", remedy: "run `edgepipe models pull \(name)`",
        code: .modelMissing)
    }
    let known = Set(BuiltinModels.all.map(\.name) + installedNames()).sorted()
    if name.hasSuffix("-int8"), let float = known.first(where: { "\($0)-int8" == name }) {
      let pull = isInstalled(float) ? "" : "`edgepipe models pull \(float)`, then "
      return PipelineError(
        "model '\(name)' is not installed in '\(folder.path)'",
        remedy: "run \(pull)`edgepipe models compress \(float) --calibration PICTURES`, where PICTURES is a folder of "
          + "pictures or a video such as samples/street-1080p.mp4", code: .modelMissing)
    }
    let guess = NearestName.suggestion(for: name, among: known).map { "did you mean '\($0)'? " } ?? ""
    return PipelineError(
      "model '\(name)' is not known",
      remedy: "\(guess)known models: \(known.joined(separator: ", ")); "
        + "`edgepipe models pull` fetches one, `edgepipe models import` adds your own", code: .modelMissing)
  }
}
