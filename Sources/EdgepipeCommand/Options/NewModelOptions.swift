import ArgumentParser
import Detectors
import EdgepipeCore
import Foundation
import Stages

/// What commands that make a model of another have in common: which model, where the new one goes, and how the work is
/// shown.
struct NewModelOptions: ParsableArguments {
  @OptionGroup var standard: StoreOptions

  @Argument(help: "A float model's name, or a path to an .onnx file or a manifest.") var model: String

  @Option(help: ArgumentHelp("Seed for sampling the pictures. The same seed gives the same file.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp("The new model's name (default: the model's name and the method).", valueName: "name"))
  var name: String?

  @Option(
    help: ArgumentHelp("Writes the model into this folder instead of the store.", valueName: "folder"),
    completion: .directory)
  var output: String?

  @Flag(help: "Replaces an existing model of that name.") var force = false

  @Flag(help: "Skips the measurements of speed and memory.") var skipBenchmark = false

  @Option(
    help: ArgumentHelp(
      "How many turns each model gets when speeds are compared: more are steadier, fewer are quicker. 7 when absent.",
      valueName: "1...99"))
  var rounds: Int?

  @Option(
    name: .customLong("onnxruntime"),
    help: ArgumentHelp("The ONNX Runtime library (default: searched for).", valueName: "file"))
  var library: String?

  @Flag(help: "Prints the result as JSON.") var json = false

  func validate() throws {
    if let rounds, !(1...99).contains(rounds) {
      throw ValidationError("--rounds takes 1 to 99 turns of a model, found \(rounds)")
    }
  }

  /// Where the new model goes.
  var target: ModelStore {
    output.map { ModelStore(folder: URL(fileURLWithPath: $0, isDirectory: true)) } ?? standard.modelStore
  }

  /// The model that a new one is made of. Of a bare file, what a manifest would say is told as in a pipeline.
  ///
  /// - Throws: ``PipelineError``: `invalidArgument` for one that is not in floats, and as ``ModelFile`` does.
  func floatModel() throws -> (file: ResolvedModel, manifest: ModelManifest) {
    let file = try standard.modelStore.resolve(model)
    var manifest = try ModelFile(file, shape: .auto).manifest
    if file.manifest == nil { manifest.name = file.file.deletingPathExtension().lastPathComponent }
    guard manifest.precision == "float32" else {
      throw PipelineError(
        "'\(manifest.name)' is not a float32 model: its precision is \(manifest.precision)",
        remedy: "give the float32 model that it was made from", code: .invalidArgument)
    }
    guard manifest.input.element == .float32, manifest.input.layout != .nhwc else {
      throw PipelineError(
        "'\(manifest.name)' has a \(manifest.input.element.rawValue) input in the layout "
          + "\((manifest.input.layout ?? .nchw).rawValue); this command supports only float32 in the layout nchw",
        remedy: "export the model again with such an input", code: .invalidArgument)
    }
    return (file, manifest)
  }

  /// What is read beside the model: pictures, and what is known of them.
  static func pictures(_ calibration: [String], _ images: String?, coco: String?) -> [FileUse] {
    let endings = FFmpegSource.pictureExtensions
    let annotated: [FileUse?] = [
      images.map { .reads($0, as: "--images", folderEndings: endings) }, coco.map { .reads($0, as: "--coco") },
    ]
    return calibration.map { .reads($0, as: "--calibration", folderEndings: endings) } + annotated.compactMap { $0 }
  }

  /// Refuses names that a new model cannot have.
  ///
  /// - Parameters:
  ///   - mayReplace: a model of that name.
  ///   - source: the model that the new one is made of, which stays.
  func check(_ newName: String, mayReplace: Bool, source: ResolvedModel) throws {
    guard ModelManifest.isUsable(name: newName) else {
      throw PipelineError(
        "'\(newName)' is not a valid model name", remedy: "choose one with --name: letters, digits, '.', '_' and '-'",
        code: .invalidArgument)
    }
    guard BuiltinModels.find(newName) == nil else {
      throw PipelineError(
        "'\(newName)' is the name of a built-in model", remedy: "choose another with --name", code: .invalidArgument)
    }
    guard FilePlace(target.folder(of: newName).path) != FilePlace(source.file.deletingLastPathComponent().path) else {
      throw PipelineError(
        "'\(newName)' is the model that the new one is made from", remedy: "choose another --name or --output",
        code: .invalidArgument)
    }
    guard mayReplace || !target.isInstalled(newName) else { throw ModelStore.isThere(newName) }
  }
}
