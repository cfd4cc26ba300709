import EdgepipeCore
import EdgepipeONNX
public import Foundation

/// Installs built-in models into a store.
public struct ModelPuller {
  public enum Outcome: Sendable, Equatable {
    case installed
    /// It was there, and its hash is right.
    case present
  }

  public var store: ModelStore
  /// A folder that is searched before any network is asked.
  public var mirror: URL?
  /// Where a person says that models come from, and nothing else is asked.
  package var origin: ModelOrigin?
  /// Called with one line for each step.
  public var progress: (String) -> Void

  public init(
    store: ModelStore, mirror: URL? = ModelPuller.mirrorFromEnvironment, progress: @escaping (String) -> Void = { _ in }
  ) {
    self.store = store
    self.mirror = mirror
    self.progress = progress
  }

  /// The folder that `EDGEPIPE_MODELS_MIRROR` names.
  public static var mirrorFromEnvironment: URL? {
    let path = ProcessInfo.processInfo.environment["EDGEPIPE_MODELS_MIRROR"] ?? ""
    return path.isEmpty ? nil : URL(fileURLWithPath: path, isDirectory: true)
  }

  /// Fetches, checks, converts where needed and installs one model. A sound model that is there already stays, unless
  /// `force` is set; a damaged one, or one with an older manifest, is replaced.
  ///
  /// - Throws: a ``PipelineError``: `modelMissing` for an unknown name, `unavailable` when no source has it,
  ///   `writeFailed` when the store cannot be written.
  @discardableResult
  public func pull(_ name: String, force: Bool = false) throws -> Outcome {
    guard let model = BuiltinModels.find(name) else {
      if store.isInstalled(name) {
        throw PipelineError("model '\(name)' was imported and cannot be pulled", code: .invalidConfiguration)
      }
      throw store.unknown(name)
    }
    store.clearLeftovers()
    if !force, (try? store.resolve(name))?.manifest == model.manifest {
      progress("\(name): already installed")
      return .present
    }
    let temporary: StagingFolder
    do { temporary = try StagingFolder(in: store.folder, name: "pull") } catch {
      throw PipelineError(
        "cannot create a folder in '\(store.folder.path)': \(error.localizedDescription)",
        remedy: "check the folder's permissions and space, or set EDGEPIPE_MODELS", code: .writeFailed)
    }
    defer { temporary.remove() }
    let found = try ModelSources(origin: origin, mirror: mirror, temporary: temporary.url, progress: progress)
      .fetch(model)
    try store.install(model.manifest) { target in
      switch found {
      case .files(let files): try make(model, from: files, at: target)
      case .made(let file): try copy(file, to: target)
      }
    }
    progress("\(name): installed in \(store.folder(of: name).path) (licence: \(model.manifest.licence))")
    return .installed
  }

  private func make(_ model: BuiltinModel, from files: [String: URL], at target: URL) throws {
    func file(_ source: BuiltinModel.SourceFile) throws -> URL {
      guard let found = files[source.name] else {
        throw PipelineError("'\(source.name)' of model '\(model.name)' was not fetched", code: .internalFault)
      }
      return found
    }
    switch model.recipe {
    case .onnx(let source): try copy(file(source), to: target)
    case .darknet(let config, let weights, _):
      progress("\(model.name): converting Darknet weights to ONNX")
      let imported = try DarknetImporter.convert(config: file(config), weights: file(weights), name: model.name)
      try imported.model.write(to: target)
    }
  }
  private func copy(_ file: URL, to target: URL) throws {
    try writeFile(readFile(file, what: "model", limit: OnnxModel.maximumByteCount), to: target)
  }
}
