public import ArgumentParser
public import Detectors
import EdgepipeCore
import Foundation

extension ModelsCommand {
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
    @Option(name: [.customLong("classes"), .customLong("names")], help: "A text file with one class name per line.")
    var classes: String?
    @Option(help: "The model's name in the store (default: the file's name).") var name: String?
    @Option(help: "How the outputs are decoded: \(words(ModelManifest.Head.self)).") var head: ModelManifest.Head?
    @Option(help: "The form of the outputs, if head and shape do not determine it: \(words(ModelManifest.Form.self)).")
    var form: ModelManifest.Form?
    @Option(help: "The nominal input side in pixels.") var size: Int?
    @Option(help: "Channel order of the input: rgb or bgr.") var color: InputFormat.ColorOrder?
    @Option(help: "Placement of the picture in the input: topLeft, centered or stretch.") var placement:
      InputFormat.Placement?
    @Option(help: "The padding's grey value, 0 to 255.") var pad: Float?
    @Option(help: "Values subtracted from the channels, such as 104,117,123.") var mean: String?
    @Option(help: "Factors applied after that, one or three; 1/255 is 0.00392157.") var scale: String?
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
        throw ValidationError("\(option) '\(text)' is not one number, or three numbers separated by commas.")
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
}

private func words<T: CaseIterable & RawRepresentable>(_ type: T.Type) -> String where T.RawValue == String {
  type.allCases.map(\.rawValue).joined(separator: ", ")
}

extension ModelManifest.Head: ExpressibleByArgument {}
extension ModelManifest.Form: ExpressibleByArgument {}
extension InputFormat.ColorOrder: ExpressibleByArgument {}
extension InputFormat.Placement: ExpressibleByArgument {}
