import ArgumentParser
import Detectors
import Foundation
import Measure
import ModelTools
import Pipeline
import Stages

/// `edgepipe models compress`: a model that does the same with fewer bytes and in less time.
struct CompressCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compress", abstract: "Make an integer (INT8) model of a float one, without training it again.",
    discussion: """
      Simplifies the graph, looks at what the model's tensors hold on calibration pictures, and writes a model that \
      computes in 8-bit integers; boxes and scores stay in floats. The new model is installed as NAME-int8, beside the \
      old one, and runs in any pipeline. Calibration pictures should look like those that the model will see; some \
      dozens do. See docs/compression.md.

        edgepipe models compress yolox-nano --calibration pictures/
        edgepipe models compress yolox-nano --calibration camera.mp4 --name yolox-street --seed 7
        edgepipe models compress yolox-nano --calibration pictures/ --output out/models
      """)

  @OptionGroup var store: ModelsCommand.StoreOptions

  @Argument(help: "A float model's name, or a path to its manifest.") var model: String

  @Option(
    help: ArgumentHelp("A folder of pictures, or a video, to find the ranges of values on.", valueName: "folder|video"),
    completion: .file())
  var calibration: String

  @Option(help: ArgumentHelp("How many calibration pictures are used; drawn evenly from all there are.", valueName: "n"))
  var pictures = 32

  @Option(help: ArgumentHelp("Another draw of calibration pictures. The same seed gives the same file.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("The share of values left out at each end of a range; 0 for none.", valueName: "0...0.1"))
  var clip = 1e-4

  @Option(help: ArgumentHelp("The new model's name; NAME-int8 when absent.", valueName: "name")) var name: String?

  @Option(
    help: ArgumentHelp("Writes the model into this folder instead of the store.", valueName: "folder"),
    completion: .directory)
  var output: String?

  @Flag(help: "Replaces a model of that name.") var force = false

  @Flag(help: "Leaves out the comparison of speeds.") var skipBenchmark = false

  @Option(
    name: .customLong("onnxruntime"),
    help: ArgumentHelp("The ONNX Runtime library; otherwise it is looked for.", valueName: "file"))
  var library: String?

  @Flag(help: "Prints the result as JSON.") var json = false

  func validate() throws {
    guard (1...4096).contains(pictures) else { throw ValidationError("--pictures is 1 to 4096.") }
    guard (0...0.1).contains(clip) else { throw ValidationError("--clip is a number from 0 to 0.1.") }
  }

  func run() throws {
    let resolved = try store.modelStore.resolve(model)
    guard let manifest = resolved.manifest else {
      throw PipelineError(
        "'\(model)' has no manifest, which says how it wants its pictures", remedy: "import it with `edgepipe models import`",
        exit: .usage)
    }
    let target = output.map { ModelStore(folder: URL(fileURLWithPath: $0, isDirectory: true)) } ?? store.modelStore
    let newName = name ?? "\(manifest.name)-int8"
    try check(manifest, newName, in: target)
    let engine = try ONNXRuntimeEngine(libraryPath: library)
    let float = try OnnxModel(resolved)

    let line = ProgressLine()
    defer { line.end() }
    let samples = try read(manifest, line)
    var simple = float
    // The passes and the integer region read the operators in one form.
    try OnnxOpset.upgrade(&simple)
    let passes = GraphPasses.apply(to: &simple, engine: engine)
    // Where the graph is tied to one size, it keeps it.
    _ = try? OnnxShapes.free(&simple, head: manifest.head)
    let quantizer = ModelQuantizer(
      engine: engine, options: .init(rule: clip > 0 ? .quantile(clip) : .minMax))
    line.start("calibrating")
    let result = try quantizer.quantize(simple, pictures: samples, format: manifest.input) { try line.show($0, of: $1) }
    let figures = try compare(manifest, resolved, simple, result.model, samples[0], engine, line)
    line.end()

    let made = try target.install(
      Self.manifest(manifest, newName, source: resolved.sha256, calibration: calibration, samples.count, seed: seed, clip: clip)
    ) { try result.model.write(to: $0) }
    let report = CompressReport(
      name: made.name, folder: target.folder(of: made.name).path, passes: passes,
      convolutions: (result.integerConvolutions, result.floatConvolutions), pictures: samples.count, rows: figures)
    Terminal.out(json ? String(try report.value.json().dropLast()) : report.text)
  }

  private func check(_ manifest: ModelManifest, _ newName: String, in target: ModelStore) throws {
    guard manifest.precision == "float32" else {
      throw PipelineError("'\(manifest.name)' is \(manifest.precision) already", remedy: "name the float model", exit: .usage)
    }
    guard ModelManifest.isUsable(name: newName) else {
      throw PipelineError(
        "a model cannot be called '\(newName)'", remedy: "use letters, digits, '.', '_' and '-'", exit: .usage)
    }
    guard BuiltinModels.find(newName) == nil else {
      throw PipelineError("'\(newName)' is the name of a built-in model", remedy: "say another with --name", exit: .usage)
    }
    guard force || !target.isInstalled(newName) else {
      throw PipelineError(
        "model '\(newName)' is there already", remedy: "say another --name, or --force to replace it", exit: .usage)
    }
  }

  private func read(_ manifest: ModelManifest, _ line: ProgressLine) throws -> [Tensor] {
    line.start("reading \(URL(fileURLWithPath: calibration).lastPathComponent)")
    let run = try CalibrationRun(
      calibration, for: manifest, count: pictures, seed: seed, logger: Log.logger(level: .warning)
    ) { line.show($0) }
    try Shutdown.onSignal { _ in
      line.stop()
      run.requestStop()
    }
    return try run.run()
  }

  /// The float model, the same after the passes, and the integer model, in turns.
  private func compare(
    _ manifest: ModelManifest, _ resolved: ResolvedModel, _ simple: OnnxModel, _ integer: OnnxModel, _ picture: Tensor,
    _ engine: any InferenceEngine, _ line: ProgressLine
  ) throws -> [CompressReport.Row] {
    let float = Tensor(shape: picture.shape, pool: BufferPool())
    // SAFETY: speed does not depend on the values; they are defined ones.
    unsafe float.withFloats { unsafe $0.update(repeating: 0.5) }
    let original = try Data(contentsOf: resolved.file)
    let models = [("float32", original, float), ("float32, passes", try simple.serialized(), float),
                  ("int8", try integer.serialized(), picture)]
    if skipBenchmark { return models.map { CompressReport.Row(name: $0.0, bytes: $0.1.count) } }
    line.start("comparing speeds")
    let comparison = ThroughputComparison(
      models.map { .init(name: $0.0, model: $0.1, input: $0.2) }, engine: engine,
      sessions: MachineInfo.current.cores)
    let figures = try comparison.run(rounds: 7, seconds: 0.7) { try line.show($0, of: $1) }
    return zip(models, figures).map { CompressReport.Row(name: $0.0, bytes: $0.1.count, figures: $1) }
  }

  private static func manifest(
    _ float: ModelManifest, _ name: String, source: String, calibration: String, _ count: Int, seed: UInt64, clip: Double
  ) -> ModelManifest {
    var made = float
    made.name = name
    made.precision = "int8"
    made.file = "\(name).onnx"
    made.sha256 = ""
    (made.input.element, made.input.mean, made.input.scale) = (.uint8, [0, 0, 0], [1, 1, 1])
    let pictures = URL(fileURLWithPath: calibration).lastPathComponent
    made.origin = "\(float.name) (sha256 \(source)) quantized by edgepipe; calibrated on \(count) pictures of "
      + "'\(pictures)', seed \(seed), clip \(clip). \(float.origin)"
    return made
  }
}
