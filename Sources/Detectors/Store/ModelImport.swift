import EdgepipeCore
import EdgepipeONNX
package import Foundation

/// Puts the user's own models into a store.
package struct ModelImport {
  /// What a manifest says beyond what the files themselves tell. Nil takes the head's usual value.
  package struct Options: Sendable {
    package var name: String?
    package var head: ModelManifest.Head?
    package var form: ModelManifest.Form?
    package var classes: [String]?
    package var inputSize: Int?
    package var color: InputFormat.ColorOrder?
    package var placement: InputFormat.Placement?
    package var pad: Float?
    package var mean: [Float]?
    package var scale: [Float]?
    package var licence: String?
    package var force = false

    package init() {}
  }

  var store: ModelStore

  package init(store: ModelStore) { self.store = store }

  /// Imports an ONNX file; tensors that lie in files beside it are taken in.
  ///
  /// - Throws: a ``PipelineError``: `notFound`, `malformed` for an unsound file and for one that cannot run,
  ///   `invalidArgument` when something must be said that the file does not tell, and where the options contradict it.
  package func onnx(_ file: URL, _ options: Options) throws -> ModelManifest {
    try checkName(options, file)
    let model = try OnnxModel(contentsOf: file)
    if options.head == .yolov3,
      model.proto.graph.output.allSatisfy({ $0.type.tensorType.shape.dim.dropFirst().first?.size != 255 })
    {
      throw PipelineError(
        "an ONNX file does not contain the anchors that head yolov3 needs",
        remedy: "import the Darknet files with --cfg and --weights", code: .invalidArgument)
    }
    let description = ModelDescription(model)
    let claims = ModelClaims(.options, head: options.head, form: options.form, classes: options.classes)
    let reading = try ModelReading(file.path, description, claims: claims)
    var manifest = reading.manifest
    manifest.name = name(options, file)
    manifest.file = "model.onnx"
    manifest.origin = file.lastPathComponent
    return try install(manifest, options) { try model.write(to: $0) }
  }

  /// Before anything is read: a name that cannot be used is nothing to find out at the end.
  private func checkName(_ options: Options, _ file: URL) throws {
    let name = name(options, file)
    guard ModelManifest.isUsable(name: name) else {
      throw PipelineError(
        "\(Quoted.text(name)) is not a valid model name",
        remedy: "use at most 100 letters, digits, '.', '_' and '-', with neither '.' nor '-' first"
          + (options.name == nil ? ": give a name with --name" : ""), code: .invalidArgument)
    }
    guard BuiltinModels.find(name) == nil else {
      throw PipelineError(
        "'\(name)' is the name of a built-in model", remedy: "choose another with --name", code: .invalidArgument)
    }
    guard options.force || !store.isInstalled(name) else { throw ModelStore.isThere(name) }
  }

  /// Imports Darknet's cfg and weights files of the YOLOv3 family.
  package func darknet(config: URL, weights: URL, _ options: Options) throws -> ModelManifest {
    try checkName(options, weights)
    guard options.head ?? .yolov3 == .yolov3 else {
      throw PipelineError(
        "Darknet models have the head yolov3, not \(options.head?.rawValue ?? "")", code: .invalidArgument)
    }
    let imported = try DarknetImporter.convert(config: config, weights: weights, name: name(options, weights))
    let classes = options.classes ?? (imported.classCount == 80 ? COCOClasses.names : nil)
    var manifest = ModelManifest(
      name: name(options, weights), head: .yolov3, input: ModelManifest.Head.yolov3.defaultInput,
      inputSize: imported.inputSize, stride: imported.stride,
      classes: classes ?? (0..<imported.classCount).map { "class\($0)" }, anchors: imported.anchors, file: "model.onnx",
      sha256: "", licence: "unknown", origin: "")
    guard manifest.classes.count == imported.classCount else {
      throw PipelineError(
        "\(manifest.classes.count) class names are given, but the cfg file has \(imported.classCount) classes",
        code: .invalidArgument)
    }
    manifest.origin = "\(config.lastPathComponent) and \(weights.lastPathComponent), converted by edgepipe"
    return try install(manifest, options) { try imported.model.write(to: $0) }
  }

  private func install(
    _ made: ModelManifest, _ options: Options, fill: (URL) throws -> Void
  ) throws -> ModelManifest {
    var manifest = made
    if let size = options.inputSize { manifest.inputSize = size }
    if let color = options.color { manifest.input.color = color }
    if let placement = options.placement { manifest.input.placement = placement }
    if let pad = options.pad { manifest.input.pad = pad }
    if let mean = options.mean { manifest.input.mean = mean }
    if let scale = options.scale { manifest.input.scale = scale }
    if let licence = options.licence { manifest.licence = licence }
    store.clearLeftovers()
    return try store.install(manifest, replaces: options.force, fill: fill)
  }

  private func name(_ options: Options, _ file: URL) -> String {
    options.name ?? file.deletingPathExtension().lastPathComponent
  }
}
