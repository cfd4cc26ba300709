import ArgumentParser
import Detectors
import EdgepipeCore
import EdgepipeMachine
import Foundation
import Logging
import Measure
import Pipeline
import Stages

struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Finds the best settings of a pipeline's detectors for this machine.",
    discussion: """
      Runs the pipeline repeatedly for a few seconds, with sinks that write nothing, and tries models of the same \
      kind, input sizes, workers, threads and intervals. It selects the highest frame rate whose 95th percentile of \
      latency is within the deadline. While that rate is below --rate, it also tries more decoding threads and \
      decoding without the loop filter. Frames are fed as fast as possible, so that the latency is that of a full \
      pipeline.

        edgepipe tune pipelines/objects-only.json --deadline 100 --floor AP=0.25 --output out/tuned.json

      The accuracy is the AP on 50 COCO pictures that the models' manifests record; with a floor, models, input sizes \
      and ways of decoding without a recorded accuracy are left out.
      """)

  @OptionGroup var options: PipelineOptions

  @Option(
    help: ArgumentHelp(
      "Latency limit in milliseconds, from capture to delivery, for 95 % of the frames.", valueName: "ms"))
  var deadline: Double

  @Option(help: ArgumentHelp("Minimum recorded accuracy.", valueName: "AP=number"))
  var floor: Floor?

  @Option(help: ArgumentHelp("Sufficient frame rate, such as that of the camera.", valueName: "fps"))
  var rate: Double = 30

  @Option(help: ArgumentHelp("Largest detection interval to try: detection on every n-th frame.", valueName: "n"))
  var maxInterval: Int = 4

  @Option(help: ArgumentHelp("Duration of each trial, after a warm-up of one second.", valueName: "s"))
  var seconds: Double = 4

  @Option(help: ArgumentHelp("Writes the tuned pipeline to this file.", valueName: "file"))
  var output: String = "tuned.json"

  @Flag(help: "Prints the table as JSON.")
  var json = false

  /// `AP=0.25`.
  struct Floor: ExpressibleByArgument {
    let value: Double

    init?(argument: String) {
      guard argument.hasPrefix("AP="), let value = Double(argument.dropFirst(3)), (0...1).contains(value) else {
        return nil
      }
      self.value = value
    }
  }

  func validate() throws {
    guard deadline > 0, rate > 0, seconds > 0, deadline.isFinite, rate.isFinite, seconds <= 600 else {
      throw ValidationError("--deadline and --rate must be positive numbers, --seconds above 0 and at most 600")
    }
    guard maxInterval >= 1 else { throw ValidationError("--max-interval must be at least 1") }
  }

  func run() throws {
    let config = try options.config()
    try config.requireRepeatableInputs()
    let detectors = config.detectors
    guard !detectors.isEmpty else {
      throw PipelineError(
        "'\(options.shownFile)' has no detector to tune", remedy: "give a pipeline with a detect stage",
        code: .invalidConfiguration)
    }
    // Also what else is wrong with the pipeline is said before minutes of trials.
    _ = try makeRunner(config, files: [.writes(output, as: "--output")])
    let line = ProgressLine()
    var tuning = TuneRun(
      trial: TuneTrial(seconds: seconds) { try makeRunner(config, sets: $0) }, store: .standard(),
      stages: config.stages, limits: limits
    ) { detector, choice, isGlance in
      let what = isGlance ? "checking whether the deadline can be met" : choice.split
      line.show("\(detector): \(choice.model) \(choice.shape), \(what)")
    }
    var sets: [String] = []
    for detector in detectors {
      defer { line.end() }
      guard let best = try tuning.tune(detector, fixed: sets) else {
        line.end()
        Terminal.out(try table(tuning.rows))
        throw PipelineError(
          "no setting of '\(detector.id)' meets the limits",
          remedy: "allow a longer --deadline, a lower --floor or a higher --max-interval", code: .unattainable)
      }
      sets += best
    }
    let overrides = PipelineOverrides(
      sets: options.sets + sets, sources: options.sources, sourceList: options.sourceList)
    let tuned = try PipelineConfig.rewritten(
      file: options.file, registry: Edgepipe.registry, overrides: overrides, deadlineMs: deadline)
    try WholeFile.write(to: output) { try $0(tuned) }
    Terminal.out(try table(tuning.rows))
    if !json { Terminal.say("\nwritten     \(output)") }
  }

  /// The pipeline without its outputs.
  private func makeRunner(
    _ config: PipelineConfig, sets: [String] = [], files: [FileUse] = []
  ) throws -> PipelineRunner {
    var options = options
    options.sets += sets
    return try options.withoutSinks(config).makeRunner(logger: Log.quiet, files: files)
  }

  private func limits(for detector: StageSettings) -> TuneSearch.Limits {
    // Accuracy is recorded for object detectors; the floor says nothing of the others.
    TuneSearch.Limits(
      deadlineMs: deadline, floor: detector.option(.objectModel) != nil ? floor?.value : nil, rate: rate,
      maximumInterval: maxInterval, cores: MachineInfo.current.cores)
  }

  private func table(_ rows: [TuneRow]) throws -> String {
    let table = TuneTable(rows: rows)
    return json ? try table.json : table.text
  }
}
