import Detectors
import EdgepipeCompression
import EdgepipeMachine
import EdgepipeONNX
import Foundation
import Measure
import Pipeline
import Stages

/// From the pictures to the ladder: everything of a compression that takes time and writes nothing.
struct CompressWork {
  private let command: CompressCommand
  private let manifest: ModelManifest
  private let plan: CompressionPlan
  private let float: OnnxModel
  private let engine: ONNXRuntimeEngine
  private let dataset: COCODataset?
  private let line: ProgressLine
  private let interruption: Interruption

  /// Reads the model, the annotations and the inference library, so that what is wrong with them is said at once.
  init(
    _ command: CompressCommand, manifest: ModelManifest, file: ResolvedModel, plan: CompressionPlan, line: ProgressLine,
    interruption: Interruption
  ) throws {
    (self.command, self.manifest, self.plan) = (command, manifest, plan)
    (self.line, self.interruption) = (line, interruption)
    engine = try ONNXRuntimeEngine(libraryPath: command.options.library)
    var float = try OnnxModel(file)
    try float.prepare(head: manifest.head)
    self.float = float
    dataset = try command.truth.dataset(calibration: command.calibration)
  }

  func run() throws -> CompressReport {
    let isApart = command.truth.sharesPictures(with: command.calibration)
    let source = CompressPictures(
      source: command.calibration, manifest: manifest, count: command.pictures, seed: command.options.seed,
      isApart: isApart,
      line: line)
    let samples = try source.read()
    let original = CompressionCandidate(model: float, manifest: manifest)
    let agreement = AgreementMeter(samples.others, shape: manifest.usualShape, engine: engine) { shape in
      try source.read(shape: shape).others
    }
    line.start("checking the calibration pictures")
    let warnings = CalibrationCheck.warnings(samples.drawn, found: try agreement.count(original, in: samples.drawn))
    let meter = CompressMeter(
      engine: engine, library: command.options.library, line: line, interruption: interruption,
      agreement: agreement, precision: precision(), isBenchmark: !command.options.skipBenchmark,
      rounds: command.options.rounds)
    let context = CompressionContext(
      engine: engine, original: original, pictures: samples.drawn, clip: command.clip,
      progress: { [line] in line.show($0, of: $1) })
    let ladder = try CompressionRun(plan: plan.steps, rule: plan.rule, meter: meter).run(context)
    // A graph whose shapes cannot be followed is no reason to give up: the report leaves the figure out.
    let sides = ladder.model.manifest.usualSides
    let footprint = try? ModelFootprint(
      ladder.model.model, shapes: ladder.model.shapes ?? ladder.model.model, height: sides.height, width: sides.width)
    return CompressReport(
      float: manifest.name, name: plan.name, plan: plan, ladder: ladder, footprint: footprint,
      pictures: .init(
        calibrated: samples.drawn.count, compared: samples.others.count, evaluated: dataset?.pictures.count,
        isApart: isApart), warnings: warnings,
      power: LadderPower(
        ladder, profile: plan.target?.profile ?? DeviceProfile.suggested().profile, cores: MachineInfo.current.cores))
  }

  private func precision() -> PrecisionMeter? {
    guard let dataset, let coco = command.truth.coco, let images = command.truth.images else { return nil }
    return PrecisionMeter(
      dataset, images: URL(fileURLWithPath: images), file: coco,
      services: StageServices.standard(onnxRuntime: command.options.library), workers: MachineInfo.current.cores,
      logger: Log.logger(level: .warning))
  }
}
