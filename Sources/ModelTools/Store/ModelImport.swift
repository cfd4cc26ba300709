import Detectors
import Foundation
import Pipeline

/// Puts the user's own models into a store.
public struct ModelImport {
  /// What a manifest says beyond what the files themselves tell. Nil takes the head's usual value.
  public struct Options: Sendable {
    public var name: String?
    public var head: ModelManifest.Head?
    public var classes: [String]?
    public var inputSize: Int?
    public var color: InputFormat.ColorOrder?
    public var placement: InputFormat.Placement?
    public var pad: Float?
    public var mean: [Float]?
    public var scale: [Float]?
    public var licence: String?
    public var force = false

    public init() {}
  }

  public var store: ModelStore

  public init(store: ModelStore) { self.store = store }

  /// Imports an ONNX file; tensors that lie in files beside it are taken in.
  ///
  /// - Throws: a ``PipelineError``: `noInput`, `dataError` for an unsound file, `usage` when something must be said
  ///   that the file does not tell.
  public func onnx(_ file: URL, _ options: Options) throws -> ModelManifest {
    let model = try OnnxModel(contentsOf: file)
    let stored = Set(model.proto.graph.initializer.map(\.name))
    let inputs = Self.describe(model.proto.graph.input.filter { !stored.contains($0.name) })
    let outputs = Self.describe(model.proto.graph.output)
    guard inputs.count == 1, inputs[0].shape.count == 4 else {
      throw PipelineError(
        "'\(file.path)' takes \(inputs.map(\.shape.count)) dimensions; one picture, N x C x H x W, is expected",
        exit: .dataError)
    }
    // A guess also tells the classes and, for YOLOv3's usual forms, the anchors.
    let guess = Result { try HeadGuess(model: file.path, inputs: inputs, outputs: outputs) }
    let guessed = try? guess.get()
    guard let head = options.head ?? guessed?.head else {
      throw PipelineError(
        "cannot tell the head of '\(file.path)' from its outputs \(outputs.map(\.name).joined(separator: ", "))",
        remedy: "say it with --head: \(ModelManifest.Head.allCases.map(\.rawValue).joined(separator: ", "))",
        exit: .usage)
    }
    let known = guessed?.head == head ? guessed : nil
    guard head != .yolov3 || known?.anchors != nil else {
      throw PipelineError(
        "an ONNX file does not hold the anchors that head yolov3 needs",
        remedy: "import the Darknet files with --cfg and --weights", exit: .usage)
    }
    var manifest = Self.manifest(head, name: name(options, file))
    if let height = inputs[0].shape[2], let width = inputs[0].shape[3] { manifest.inputSize = max(height, width) }
    manifest.anchors = known?.anchors
    manifest.classes = options.classes ?? known?.classes ?? manifest.classes
    if let known, known.classes.count != manifest.classes.count, head != .yolov8 {
      throw PipelineError(
        "\(manifest.classes.count) class names are given, the model has \(known.classes.count) classes", exit: .usage)
    }
    manifest.origin = file.lastPathComponent
    return try install(manifest, options) { try model.write(to: $0) }
  }

  /// Imports Darknet's cfg and weights files of the YOLOv3 family.
  public func darknet(config: URL, weights: URL, _ options: Options) throws -> ModelManifest {
    guard options.head ?? .yolov3 == .yolov3 else {
      throw PipelineError("Darknet models have the head yolov3, not \(options.head?.rawValue ?? "")", exit: .usage)
    }
    let imported = try DarknetImporter.convert(config: config, weights: weights, name: name(options, weights))
    var manifest = Self.manifest(.yolov3, name: name(options, weights))
    manifest.inputSize = imported.inputSize
    manifest.stride = imported.stride
    manifest.anchors = imported.anchors
    let classes = options.classes ?? (imported.classCount == 80 ? COCOClasses.names : nil)
    manifest.classes = classes ?? (0..<imported.classCount).map { "class\($0)" }
    guard manifest.classes.count == imported.classCount else {
      throw PipelineError(
        "\(manifest.classes.count) class names are given, the cfg file has \(imported.classCount) classes",
        exit: .usage)
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
    guard BuiltinModels.find(manifest.name) == nil else {
      throw PipelineError("'\(manifest.name)' is the name of a built-in model", remedy: "say another with --name", exit: .usage)
    }
    store.clearLeftovers()
    guard options.force || !store.isInstalled(manifest.name) else { throw ModelStore.isThere(manifest.name) }
    return try store.install(manifest, replaces: options.force, fill: fill)
  }

  /// What models of a head usually are.
  private static func manifest(_ head: ModelManifest.Head, name: String) -> ModelManifest {
    let isFace = [.retinaface, .yunet, .centerface].contains(head)
    return ModelManifest(
      name: name, head: head, input: head.defaultInput, inputSize: head == .yolox || head == .yolov3 ? 416 : 640,
      classes: isFace ? ["face"] : COCOClasses.names, file: "model.onnx", sha256: "", licence: "unknown", origin: "")
  }

  private func name(_ options: Options, _ file: URL) -> String {
    options.name ?? file.deletingPathExtension().lastPathComponent
  }

  /// Inputs or outputs as an engine would describe them.
  static func describe(_ values: [Onnx_ValueInfoProto]) -> [TensorDescription] {
    values.map { value in
      let type = value.type.tensorType
      let element: TensorElement? =
        switch Onnx_TensorProto.DataType(rawValue: Int(type.elemType)) {
        case .float: .float32
        case .uint8: .uint8
        default: nil
        }
      return TensorDescription(name: value.name, element: element, shape: type.shape.dim.map(\.size))
    }
  }
}
