public import ArgumentParser
public import Detectors
import EdgepipeCore
import EdgepipeMachine
import Foundation
import Measure
import Pipeline
import Stages

/// `edgepipe models eval`: COCO's figures of a model.
struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Measure a model's accuracy on annotated pictures: COCO average precision and recall.",
    discussion: """
      Runs the model on the pictures as 'edgepipe run' does and compares its boxes with the annotations. The figures \
      are those of pycocotools (docs/evaluation.md).

        edgepipe models eval yolox-nano --coco instances_val2017.json --images val2017
        edgepipe models eval yolox-nano --coco a.json --images a --predictions found.json --plot curve.svg
        edgepipe models eval --from-predictions found.json --coco a.json --json
      """)

  @OptionGroup var store: StoreOptions

  @Argument(help: "A model's name, or a path to an .onnx file or a manifest.") var model: String?

  @Option(
    help: ArgumentHelp("The annotations, in COCO format.", valueName: "instances.json"),
    completion: .file(extensions: ["json"]))
  var coco: String

  @Option(help: ArgumentHelp("The folder of the annotated pictures.", valueName: "folder"), completion: .directory)
  var images: String?

  @Option(help: ArgumentHelp("Evaluates only these classes, such as person,car.", valueName: "names"))
  var classes: String?

  @Option(
    help: ArgumentHelp(
      "Input size: square, auto or HEIGHTxWIDTH, such as 256x416 (default: the model's own, or square).",
      valueName: "shape"))
  var shape: InputShape?

  @Option(help: ArgumentHelp("Keeps detections that score more than this.", valueName: "0...1"))
  var score = 0.001

  @Option(help: ArgumentHelp("Boxes of one class that overlap more than this are one object.", valueName: "0...1"))
  var iou = 0.65

  @Option(help: ArgumentHelp("Keeps this many of the best detections per picture.", valueName: "n"))
  var maxDetections = 300

  @Option(
    help: ArgumentHelp(
      "Parallel sessions of the model (default: the number of cores).", valueName: "n"))
  var workers: Int?

  @Option(
    help: ArgumentHelp("Writes the detections to this file, as COCO results.", valueName: "file"), completion: .file())
  var predictions: String?

  @Option(
    help: ArgumentHelp("Evaluates these results instead of running a model.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var fromPredictions: String?

  @Option(
    help: ArgumentHelp("Writes a precision-recall plot to this file (SVG).", valueName: "file"),
    completion: .file(extensions: ["svg"]))
  var plot: String?

  @Option(
    name: .customLong("onnxruntime"),
    help: ArgumentHelp("The ONNX Runtime library (default: searched for).", valueName: "file"))
  var library: String?

  @Flag(help: "Prints the figures as JSON.") var json = false

  /// The names of `--classes`.
  private var wanted: [String]? {
    classes?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  func validate() throws {
    if fromPredictions != nil {
      guard model == nil, images == nil, predictions == nil else {
        throw ValidationError(
          "With --from-predictions no model is run: omit the model, --images and --predictions.")
      }
    } else if model == nil || images == nil {
      throw ValidationError("Give a model and the folder of the pictures with --images, or give --from-predictions.")
    }
    if let names = wanted, names.isEmpty { throw ValidationError("--classes contains no class.") }
    guard (0...1).contains(score), (0...1).contains(iou) else {
      throw ValidationError("--score and --iou must be numbers from 0 to 1.")
    }
    guard (1...10_000).contains(maxDetections) else { throw ValidationError("--max-detections must be 1 to 10000.") }
    guard (1...DetectYOLO.maximumWorkers).contains(workers ?? 1) else {
      throw ValidationError("--workers must be 1 to \(DetectYOLO.maximumWorkers).")
    }
  }

  func run() throws {
    let interruption = try Interruption()
    try FileClaims.check(files)
    let dataset = try COCODataset(contentsOf: URL(fileURLWithPath: coco))
    let (source, found, evaluated) = try detections(dataset, interruption)
    let kept = dataset.keeping(categories: evaluated)
    let report = EvalReport(
      file: coco, dataset: kept, source: source, predictions: found.count,
      leftOut: dataset.categories.filter { !evaluated.contains($0.id) }.map(\.name),
      reason: wanted == nil ? "which the model does not detect" : "not in --classes",
      evaluation: COCOMatches(kept, found).evaluation())
    if let predictions {
      let text = COCOPredictions.text(found)
      try WholeFile.write(to: predictions) { try $0(text) }
    }
    if let plot {
      let title = "\(source.title) on \(URL(fileURLWithPath: coco).lastPathComponent)"
      let drawing = PrecisionRecallPlot.svg(report.evaluation, title: title)
      try WholeFile.write(to: plot) { try $0(drawing) }
    }
    if json { return Terminal.out(String(try report.value.json().dropLast())) }
    Terminal.out(report.text)
    let written = [predictions, plot].compactMap { $0 }
    if !written.isEmpty { Terminal.say("\nwritten   \(written.joined(separator: ", "))") }
  }

  /// What is read and written. A model that is not there is told of where it is resolved.
  private var files: [FileUse] {
    let resolved = model.flatMap { try? store.modelStore.resolve($0) }
    let read: [FileUse?] = [
      .reads(coco, as: "--coco"), fromPredictions.map { .reads($0, as: "--from-predictions") },
      images.map { .reads($0, as: "--images", folderEndings: FFmpegSource.pictureExtensions) },
    ]
    let written: [FileUse?] = [
      predictions.map { .writes($0, as: "--predictions") }, plot.map { .writes($0, as: "--plot") },
    ]
    return (read + written).compactMap { $0 } + (resolved?.files(as: "the model") ?? [])
  }

  /// The detections, where they are from, and the ids of the categories to evaluate.
  private func detections(
    _ dataset: COCODataset, _ interruption: Interruption
  ) throws -> (source: EvalSource, found: [COCOPrediction], evaluated: Set<Int>) {
    if let fromPredictions {
      let found = try COCOPredictions.read(URL(fileURLWithPath: fromPredictions), of: dataset)
      let evaluated = try wanted.map { names in
        try COCOClassMap.categoryIDs(named: names, dataset: dataset, file: coco)
      }
      return (.file(fromPredictions), found, evaluated ?? Set(dataset.categories.map(\.id)))
    }
    guard let model, let images else { throw PipelineError("no model to run", code: .invalidArgument) }
    let resolver = store.modelStore
    let detector = try DetectorModel(model, resolver: resolver)
    let map = try COCOClassMap(
      classes: detector.classes, model: detector.name, dataset: dataset, file: coco, wanted: wanted)
    var settings = DatasetRun.Settings(
      for: detector, workers: workers ?? min(MachineInfo.current.cores, DetectYOLO.maximumWorkers))
    if let shape { settings.shape = shape }
    (settings.score, settings.iou, settings.maxDetections) = (score, iou, maxDetections)
    var services = StageServices.command(onnxRuntime: library)
    services.provide(resolver, as: (any ModelResolver).self)
    let progress = ProgressLine(counting: "pictures")
    let run = try DatasetRun(
      dataset, images: URL(fileURLWithPath: images), file: coco, model: detector, classes: map, settings: settings,
      services: services, logger: Log.logger(level: .warning),
      progress: { [total = dataset.pictures.count] in progress.show($0, of: total) })
    defer { progress.end() }
    // The run takes its links away when it is told to end.
    interruption.onStop { run.requestStop() }
    defer { interruption.onStop(nil) }
    let result = try run.run()
    return (.model(detector.name, settings, result), result.predictions, map.evaluated)
  }
}

extension InputShape: ExpressibleByArgument {
  /// `square`, `auto` or `256x416`: height and width.
  public init?(argument: String) {
    switch argument {
    case "square": self = .square
    case "auto": self = .auto
    default:
      let sides = argument.split(separator: "x", omittingEmptySubsequences: false).compactMap { Int($0) }
      guard sides.count == 2, sides.allSatisfy((32...8192).contains) else { return nil }
      self = .fixed(height: sides[0], width: sides[1])
    }
  }

  public var defaultValueDescription: String {
    switch self {
    case .square: "square"
    case .auto: "auto"
    case .fixed(let height, let width): "\(height)x\(width)"
    }
  }
}
