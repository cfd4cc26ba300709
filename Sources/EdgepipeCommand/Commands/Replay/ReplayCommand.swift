import ArgumentParser
import EdgepipeCore
import Foundation
import Logging
import Pipeline
import Stages

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Replays a recorded run as fast as possible, with the same results.",
    discussion: """
      A trace recorded with 'edgepipe run --record FILE' holds the packets of every stream and the outcome of every \
      frame; no camera or video file is needed. The sinks write to the same paths as in the recorded run, unless --set \
      changes them.

        edgepipe run pipelines/smart-camera.json --source rtsp://camera/stream --record out/run.trace
        edgepipe replay out/run.trace --set events.path=out/again.jsonl
      """)

  @Argument(help: "The trace file.", completion: .file())
  var trace: String

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Overrides one value of the recorded pipeline, such as events.path=out/again.jsonl; may be repeated.",
      valueName: "stage.key=value"))
  var sets: [String] = []

  @Option(
    name: .customLong("onnxruntime"),
    help: ArgumentHelp("The ONNX Runtime library (default: searched for).", valueName: "file"))
  var library: String?

  @Option(help: ArgumentHelp("Writes the run report as JSON to this file.", valueName: "file"))
  var report: String?

  @Flag(help: "Prints only errors.")
  var quiet = false

  func run() throws {
    let logger = Log.logger(level: quiet ? .error : .notice)
    let recorded = try Trace(file: trace)
    if let gap = recorded.gap {
      logger.warning("the trace is incomplete (\(gap)): the recorded part is replayed")
    }
    if recorded.manifest.version != Edgepipe.version {
      logger.warning(
        "recorded by edgepipe \(recorded.manifest.version), this is \(Edgepipe.version): the results may differ")
    }
    let runner = try makeRunner(recorded, logger: logger)
    let outcome = try RunSession(quiet: quiet, showsProgress: !quiet).run(runner)
    for difference in recorded.differences(from: runner.snapshot(withFacts: true).stages) {
      logger.warning("\(difference): the results may differ")
    }
    try RunEnding(report: report, quiet: quiet, json: false).finish(runner, outcome)
  }

  private func makeRunner(_ trace: Trace, logger: Logger) throws -> PipelineRunner {
    let registry = Edgepipe.registry
    let config = try PipelineConfig.load(
      text: trace.manifest.pipeline, file: self.trace, registry: registry, overrides: PipelineOverrides(sets: sets))
    var services = StageServices.command(onnxRuntime: library)
    services.provide(DecoderReplayer(), as: (any MediaReplayer).self)
    do {
      return try PipelineRunner(
        PipelinePlan(config, registry: registry), logger: logger, services: services, journal: .replaying(trace),
        files: [.reads(self.trace, as: "the trace")] + (report.map { [.writes($0, as: "--report")] } ?? []))
    } catch let failure as StageBuildErrors {
      throw ConfigErrors(issues: failure.faults.map(config.issue), omitted: failure.omitted)
    }
  }
}
