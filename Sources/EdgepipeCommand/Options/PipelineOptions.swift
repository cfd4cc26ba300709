import ArgumentParser
import Detectors
import EdgepipeCore
import EdgepipeMachine
import Foundation
import Logging
import Measure
import Pipeline
import Stages

/// What `run` and `validate` share: the pipeline file and what overrides it.
struct PipelineOptions: ParsableArguments {
  @Argument(help: "The pipeline file (JSON), or - for standard input.", completion: .file(extensions: ["json"]))
  var file: String

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Overrides one value, such as objects.score=0.4 or objects.workers=2; may be repeated.",
      valueName: "stage.key=value"))
  var sets: [String] = []

  @Option(
    name: .customLong("source"),
    help: ArgumentHelp(
      """
      The input: a file, a folder of pictures, 'clips/*.mp4', - for standard input, rtsp://… or /dev/video0. May be \
      repeated for several streams, named with name=URL. With several source stages: id=URL.
      """,
      valueName: "url"))
  var sources: [String] = []

  @Option(
    name: .customLong("source-list"),
    help: ArgumentHelp(
      "Reads the streams from this file: one 'id url' per line, a URL with spaces in quotes.", valueName: "file"),
    completion: .file())
  var sourceList: String?

  @Option(
    name: .customLong("onnxruntime"),
    help: ArgumentHelp("The ONNX Runtime library (default: searched for).", valueName: "file"))
  var library: String?

  /// What messages call the file.
  var shownFile: String { file == "-" ? "standard input" : file }

  /// What the run report calls the file; nil where it was no file, so that nobody can name it again.
  var reportedFile: String? { ConfigFile.isPiped(file) ? nil : file }

  /// Reads and checks the file.
  func config() throws -> PipelineConfig {
    let config = try PipelineConfig.load(
      file: file, registry: Edgepipe.registry,
      overrides: PipelineOverrides(sets: sets, sources: sources, sourceList: sourceList))
    try config.requireOneReaderOfStandardInput(besides: file)
    return config
  }

  /// Reads and checks the file, then makes every stage.
  ///
  /// - Parameters:
  ///   - record: the file of the run's trace.
  ///   - power: what the run's energy is measured with; nil: not at all.
  ///   - instruments: what looks at the run closely.
  ///   - files: what the command reads and writes beside the pipeline.
  ///   - warn: takes what may be a mistake and need not be one; nil: the logger does.
  /// - Throws: `ConfigErrors` with everything that is wrong, each at its place in the file.
  func makeRunner(
    logger: Logger, staysOpen: Bool = false, record: String? = nil, power: PowerSetup? = nil,
    instruments: RunInstruments = RunInstruments(), files: [FileUse] = [], warn: ((ConfigIssue) -> Void)? = nil
  ) throws -> PipelineRunner {
    let config = try config()
    var files = [FileUse.reads(file == "-" ? "/dev/stdin" : file, as: "the pipeline file")] + files
    if let library { files.append(.reads(library, as: "the ONNX Runtime library")) }
    if let record { files.append(.writes(record, as: "--record")) }
    // The old trace of that name is only replaced by a run that can begin.
    if record != nil { _ = try build(config, logger: Log.quiet, staysOpen: staysOpen, files: files) }
    let journal = try record.map { path in
      try OutputPath.makeParent(of: path)
      return Journal.recording(
        try TraceRecorder(
          path: path, manifest: TraceManifest(version: Edgepipe.version, pipeline: config.redactedDocument()),
          logger: logger))
    }
    let monitor = power.map {
      PowerMonitor($0, budgetW: config.budget.powerW, enforces: config.budget.enforce, logger: logger)
    }
    let runner = try build(
      config, logger: logger, staysOpen: staysOpen, journal: journal ?? .off, power: monitor, instruments: instruments,
      files: files)
    for warning in runner.warnings {
      let issue = config.issue(warning)
      if let warn { warn(issue) } else { logger.warning("\(issue)") }
    }
    return runner
  }

  private func build(
    _ config: PipelineConfig, logger: Logger, staysOpen: Bool = false, journal: Journal = .off,
    power: PowerMonitor? = nil, instruments: RunInstruments = RunInstruments(), files: [FileUse]
  ) throws -> PipelineRunner {
    do {
      return try PipelineRunner(
        PipelinePlan(config, registry: Edgepipe.registry), logger: logger,
        services: StageServices.command(onnxRuntime: library), staysOpen: staysOpen, journal: journal, power: power,
        instruments: instruments, files: files)
    } catch let failure as StageBuildErrors {
      throw ConfigErrors(issues: failure.faults.map(config.issue), omitted: failure.omitted)
    }
  }
}

extension PipelineOptions {
  /// The same with every sink replaced by one that writes nothing.
  func withoutSinks(_ config: PipelineConfig) -> PipelineOptions {
    var options = self
    options.sets += config.withoutSinks
    return options
  }
}
