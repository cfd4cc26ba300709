import ArgumentParser
import Detectors
import EdgepipeCompression
import EdgepipeCore
import EdgepipeONNX
import Foundation
import Measure

/// `edgepipe models compress`: a model that does the same with fewer bytes and in less time.
struct CompressCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compress", abstract: "Compress a float model and measure the effect on speed, memory and accuracy.",
    discussion: """
      Applies the steps one after another, measures the model after each of them on this machine, and installs the \
      result beside the float model. By default it fuses operators and quantises the model to 8-bit integers \
      (NAME-int8). With --target the steps are those advised for the device's memory, and a step that loses too much \
      accuracy or gains nothing is left out. Calibration pictures should resemble the pictures that the model will \
      process; a few dozen are enough. See docs/compression.md and docs/ladder.md.

        edgepipe models compress yolox-nano --calibration pictures/
        edgepipe models compress yolox-nano --calibration camera.mp4 --target raspberry-pi-4b
        edgepipe models compress yolox-nano --calibration pictures/ --coco instances.json --images pictures/
        edgepipe models compress yolox-nano --calibration camera.mp4 --steps fusion,int8,rectangular=1.78
        edgepipe models compress yolov3-tiny --calibration camera.mp4 --skip-benchmark --if-changed

      Steps: \(CompressionSteps.all.map { $0.name }.joined(separator: ", ")).
      """)

  @OptionGroup var options: NewModelOptions

  @Option(
    help: ArgumentHelp("The calibration pictures: a folder of pictures or a video.", valueName: "folder|video"),
    completion: .file())
  var calibration: String

  @Option(
    help: ArgumentHelp("Number of calibration pictures, sampled evenly from the source.", valueName: "n"))
  var pictures = 32

  @Option(
    help: ArgumentHelp(
      "Share of values clipped at each end of a range; 0 clips none (default: 0 for faces, else 0.0001).",
      valueName: "0...0.1"))
  var clip: Double?

  @OptionGroup(title: "Plan") var planning: CompressPlanOptions

  @OptionGroup(title: "Accuracy") var truth: CompressTruthOptions

  @Flag(help: "Does nothing if the model exists and was made from the same model, pictures, steps and options.")
  var ifChanged = false

  @Option(
    help: ArgumentHelp("Writes a chart of the steps to this file (SVG).", valueName: "file"),
    completion: .file(extensions: ["svg"]))
  var plot: String?

  func validate() throws {
    guard (1...4096).contains(pictures) else { throw ValidationError("--pictures must be 1 to 4096.") }
    guard (0...0.1).contains(clip ?? 0) else { throw ValidationError("--clip must be a number from 0 to 0.1.") }
  }

  func run() throws {
    let line = ProgressLine()
    defer { line.end() }
    let interruption = try Interruption(lastWords: "stopped; nothing was written")
    let (resolved, manifest) = try options.floatModel()
    try FileClaims.check(
      resolved.files(as: "the float model") + NewModelOptions.pictures([calibration], truth.images, coco: truth.coco)
        + (plot.map { [.writes($0, as: "--plot")] } ?? []))
    let plan = try planning.plan(float: manifest.name, name: options.name)
    let target = options.target
    let recipe = try CompressionRecipe(
      source: resolved.sha256, plan: plan.steps, decision: decision(of: plan),
      calibration: CompressionRecipe.fingerprint(of: calibration), pictures: pictures, seed: options.seed, clip: clip,
      keepsApart: truth.sharesPictures(with: calibration)
    ).hash
    if try isCurrent(plan.name, recipe, in: target) {
      let value = ReportValue.object([
        "name": .string(plan.name), "folder": .string(target.folder(of: plan.name).path), "up_to_date": .bool(true),
      ])
      return Terminal.out(options.json ? String(try value.json().dropLast()) : "\(plan.name) is up to date")
    }
    // What another command made is not replaced without a word.
    let isRemade = ifChanged && (try? target.manifest(plan.name))?.recipe != nil
    try options.check(plan.name, mayReplace: options.force || isRemade, source: resolved)

    let work = try CompressWork(
      self, manifest: manifest, file: resolved, plan: plan, line: line, interruption: interruption)
    var report = try work.run()
    line.end()
    interruption.settle()
    if !report.ladder.kept.isEmpty {
      try report.check(force: options.force)
      report.installed = try install(
        report, manifest, resolved, recipe, in: target, replaces: options.force || isRemade)
    }
    if let plot {
      let drawing = LadderPlot.svg(report.ladder, title: report.title)
      try WholeFile.write(to: plot) { try $0(drawing) }
    }
    Terminal.out(options.json ? String(try report.value.json().dropLast()) : report.text)
  }

  /// What the steps that stay depend on, beside the steps themselves: with measured speeds no two runs are alike.
  private func decision(of plan: CompressionPlan) -> String {
    plan.rule.decides ? "\(plan.decision), truth \(truth.coco ?? "none"), speed \(!options.skipBenchmark)" : ""
  }

  private func isCurrent(_ name: String, _ recipe: String, in target: ModelStore) throws -> Bool {
    guard ifChanged, target.isInstalled(name), try target.manifest(name).recipe == recipe else { return false }
    // A damaged file is made again.
    return (try? target.resolve(name)) != nil
  }

  private func install(
    _ report: CompressReport, _ float: ModelManifest, _ source: ResolvedModel, _ recipe: String, in target: ModelStore,
    replaces: Bool
  ) throws -> String {
    let model = report.ladder.model
    var made = model.manifest
    (made.name, made.file, made.sha256, made.recipe) = (report.name, "\(report.name).onnx", "", recipe)
    let steps = report.ladder.kept.map(\.step).joined(separator: ", ")
    made.origin =
      "\(float.name) (sha256 \(source.sha256)) compressed by edgepipe (\(steps)); calibrated on "
      + "\(report.pictures.calibrated) pictures of '\(URL(fileURLWithPath: calibration).lastPathComponent)', "
      + "seed \(options.seed), clip \(clip.map(String.init(describing:)) ?? "automatic"). \(float.origin)"
    _ = try target.install(made, replaces: replaces) { try model.model.write(to: $0) }
    return target.folder(of: report.name).path
  }
}
