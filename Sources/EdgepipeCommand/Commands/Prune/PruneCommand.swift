import ArgumentParser
import Detectors
import EdgepipeCompression
import EdgepipeCore
import EdgepipeMachine
import EdgepipeONNX
import Foundation
import Measure
import Pipeline
import Stages

/// `edgepipe models prune`: a model with fewer channels or weights, without training it again.
struct PruneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune", abstract: "Remove channels or weights from a float model without retraining.",
    discussion: """
      Finds the channels whose removal does the least damage for the multiplications it saves, removes them, and fits \
      the remaining layers to the original's outputs on calibration pictures. The new model is installed as \
      NAME-pruned, beside the original. Pruning reduces accuracy: measure it before you use the model, with \
      'edgepipe models eval' or --curve. See docs/pruning.md.

        edgepipe models prune yolox-nano --calibration pictures/ --ratio 0.1
        edgepipe models prune yolox-nano --calibration camera.mp4 --ratio 0.5 --method unstructured
        edgepipe models prune yolox-nano --calibration pictures/ --curve curve.svg --coco a.json --images a
      """)

  @OptionGroup var options: NewModelOptions

  @Option(
    help: ArgumentHelp(
      "A folder of pictures, or a video, to fit the layers on; may be repeated.", valueName: "folder|video"),
    completion: .file())
  var calibration: [String]

  @Option(help: "Share of the multiplications to remove, or of the weights with --method unstructured.")
  var ratio = 0.1

  @Option(help: "Removes whole channels, which makes the model faster, or single weights, which does not.")
  var method = PruningMethod.structured

  @Option(help: "How channels or weights are ranked.")
  var importance = StructuredPruning.Importance.reconstruction

  @Option(
    help: ArgumentHelp("Number of pictures from each source, sampled evenly.", valueName: "n"))
  var pictures = 96

  @Option(
    help: ArgumentHelp(
      "Installs nothing: prunes by 10, 20, 30 and 50 %, measures AP and plots it to this file (SVG).", valueName: "file"
    ),
    completion: .file(extensions: ["svg"]))
  var curve: String?

  @Option(
    help: ArgumentHelp("Annotations for --curve, in COCO format.", valueName: "instances.json"),
    completion: .file(extensions: ["json"]))
  var coco: String?

  @Option(help: ArgumentHelp("The folder of the annotated pictures.", valueName: "folder"), completion: .directory)
  var images: String?

  func validate() throws {
    guard (0.01...0.9).contains(ratio) else { throw ValidationError("--ratio must be a number from 0.01 to 0.9.") }
    guard (4...4096).contains(pictures) else { throw ValidationError("--pictures must be 4 to 4096.") }
    guard (curve != nil) == (coco != nil), (curve != nil) == (images != nil) else {
      throw ValidationError("--curve, --coco and --images must be given together.")
    }
  }

  func run() throws {
    let (resolved, manifest) = try options.floatModel()
    try FileClaims.check(
      resolved.files(as: "the float model") + NewModelOptions.pictures(calibration, images, coco: coco)
        + (curve.map { [.writes($0, as: "--curve")] } ?? []))
    let target = options.target, newName = options.name ?? "\(manifest.name)-pruned"
    try options.check(newName, mayReplace: options.force || curve != nil, source: resolved)
    let dataset = try coco.map { try COCODataset(contentsOf: URL(fileURLWithPath: $0)) }
    let engine = try ONNXRuntimeEngine(libraryPath: options.library)
    let whole = CompressionCandidate(model: try OnnxModel(resolved), manifest: manifest)
    var original = whole.model
    try original.prepare(head: manifest.head, simplifyingWith: engine)

    let line = ProgressLine()
    defer { line.end() }
    let interruption = try Interruption(lastWords: "stopped; nothing was written")
    let samples = try calibration.flatMap { try read($0, manifest, line) }
    let inputs = CalibrationPictures(samples, format: manifest.input)
    let start = ContinuousClock.now
    line.start("analysing the layers")
    var refit = LayerRefit.Options(includesDepthwise: false)
    refit.seed = options.seed
    let analysis = try PruningAnalysis(original, engine: engine, inputs: inputs, options: refit) {
      line.show(Int($0 * 1000), of: 1000)
    }
    let pruner = Pruner(analysis, inputs: inputs, method: method, importance: importance, refit: refit)
    func prune(ratio: Double) throws -> Pruner.Result {
      line.start("pruning by \(Int((ratio * 100).rounded())) % and refitting layers")
      return try pruner.prune(ratio: ratio) { line.show(Int($0 * 1000), of: 1000) }
    }
    if let curve, let dataset, let coco, let images {
      let precision = PrecisionMeter(
        dataset, images: URL(fileURLWithPath: images), file: coco,
        services: StageServices.standard(onnxRuntime: options.library), workers: MachineInfo.current.cores,
        logger: Log.logger(level: .warning))
      let pictures = (calibrated: samples.count, evaluated: dataset.pictures.count)
      let made = try PruningCurve(whole, seconds: { (ContinuousClock.now - start) / .seconds(1) }, prune: prune) {
        try precision.measure($0, line: line, interruption: interruption)
      }
      line.end()
      return try finish(
        PruneCurveReport(
          model: manifest.name, coco: URL(fileURLWithPath: coco).lastPathComponent, method: method, pictures: pictures,
          file: curve, curve: made))
    }
    let result = try prune(ratio: ratio)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let rows = try compare([("float32, passes", original), (method.rawValue, result.model)], inputs, engine, line)
    line.end()
    let made = try target.install(
      self.manifest(manifest, newName, ratio: ratio, source: resolved.sha256, samples.count), replaces: options.force
    ) { try result.model.write(to: $0) }
    let report = PruneReport(
      name: made.name, folder: target.folder(of: made.name).path, method: method.rawValue,
      importance: importance.rawValue, ratio: ratio, pictures: samples.count, seconds: seconds,
      result: result, rows: rows)
    Terminal.out(options.json ? String(try report.value.json().dropLast()) : report.text)
  }

  private func read(
    _ source: String, _ manifest: ModelManifest, _ line: ProgressLine
  ) throws -> [Tensor] {
    line.start("reading \(URL(fileURLWithPath: source).lastPathComponent)")
    let run = try CalibrationRun(
      source, for: manifest, count: pictures, others: 0, seed: options.seed, logger: Log.logger(level: .warning)
    ) { line.show($0) }
    return try run.run().drawn.map(\.tensor)
  }

  /// The model before and after, in turns.
  private func compare(
    _ models: [(name: String, model: OnnxModel)], _ inputs: CalibrationPictures, _ engine: any InferenceEngine,
    _ line: ProgressLine
  ) throws -> [PruneReport.Row] {
    let data = try models.map { (name: $0.name, data: try $0.model.serialized()) }
    if options.skipBenchmark { return data.map { PruneReport.Row(name: $0.name, bytes: $0.data.count) } }
    line.start("comparing speeds")
    let input = inputs.first
    let figures = try ThroughputComparison(
      data.map { .init(name: $0.name, model: $0.data, input: input) }, engine: engine,
      sessions: MachineInfo.current.cores
    ).run(rounds: options.rounds ?? 7, seconds: 0.7) { line.show($0, of: $1) }
    return zip(data, figures).map { PruneReport.Row(name: $0.name, bytes: $0.data.count, figures: $1) }
  }

  private func manifest(
    _ float: ModelManifest, _ name: String, ratio: Double, source: String, _ count: Int
  ) -> ModelManifest {
    var made = float
    made.name = name
    made.file = "\(name).onnx"
    made.sha256 = ""
    let names = calibration.map { "'\(URL(fileURLWithPath: $0).lastPathComponent)'" }.joined(separator: ", ")
    made.origin =
      "\(float.name) (sha256 \(source)) pruned by edgepipe: \(method.rawValue), ratio \(ratio), importance "
      + "\(importance.rawValue); refitted on \(count) pictures of \(names), seed \(options.seed). \(float.origin)"
    return made
  }

  private func finish(_ report: PruneCurveReport) throws {
    let drawing = report.drawing.svg
    try WholeFile.write(to: report.file) { try $0(drawing) }
    Terminal.out(options.json ? String(try report.value.json().dropLast()) : report.text)
  }
}

extension PruningMethod: ExpressibleByArgument {}
extension StructuredPruning.Importance: ExpressibleByArgument {}
