import ArgumentParser
import EdgepipeCore
import EdgepipeMachine
import Foundation
import Logging
import Pipeline

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a pipeline until its input ends, or until Ctrl-C.",
    discussion: """
      On a terminal a live line shows the progress. At the end the run prints a table of the stages and the account of \
      all frames. The first Ctrl-C drains the frames in flight and ends with status 0; another one, a second or more \
      later, ends the run immediately.

        edgepipe run pipelines/smart-camera.json
        edgepipe run pipelines/smart-camera.json --source rtsp://camera/stream --report out/report.json
        edgepipe run pipelines/objects-only.json --set objects.score=0.4 --set objects.workers=1
        edgepipe run pipelines/cameras.json --metrics 9464
      """)

  @OptionGroup var options: PipelineOptions

  @Option(help: ArgumentHelp("Writes the run report as JSON to this file.", valueName: "file"))
  var report: String?

  @Option(
    help: ArgumentHelp(
      "Creates a control socket for 'edgepipe ctl'; the run then continues until it is drained.", valueName: "path"))
  var control: String?

  @Option(
    help: ArgumentHelp(
      "Records all packets and decisions of the run in this file, for 'edgepipe replay'.", valueName: "file"))
  var record: String?

  @Option(
    help: ArgumentHelp(
      "Serves /metrics for Prometheus, and /healthz, on this port of 127.0.0.1 or on HOST:PORT; 0 selects a free port.",
      valueName: "port"))
  var metrics: String?

  @Option(
    name: .customLong("power-profile"),
    help: ArgumentHelp(
      "The power profile of this machine: a built-in one, or a file from 'edgepipe devices calibrate'.",
      valueName: "name|file"))
  var powerProfile: String?

  @Flag(exclusivity: .chooseLast)
  var verbosity: Verbosity?

  @Flag(help: "Prints the run report as JSON on standard output instead of the tables.")
  var json = false

  /// How much is said. A service's unit file may have one and a drop-in the other: the last one counts.
  enum Verbosity: EnumerableFlag {
    case quiet, verbose

    static func name(for value: Self) -> NameSpecification { value == .quiet ? .long : .shortAndLong }

    static func help(for value: Self) -> ArgumentHelp? {
      value == .quiet
        ? "Prints only errors. If --quiet and --verbose are both given, the last one counts."
        : "Also prints informational and debug messages."
    }
  }

  private var quiet: Bool { verbosity == .quiet }

  func run() throws {
    let endpoint = try metrics.map { text in try MetricsEndpoint(text) }
    let logger = Log.logger(level: quiet ? .error : verbosity == .verbose ? .debug : .notice)
    let power = PowerSetup.standard(profile: try powerProfile.map { file in try .load(file) })
    let files: [FileUse] = [
      powerProfile.map { .reads($0, as: "the power profile") }, report.map { .writes($0, as: "--report") },
      control.map { .makes(socket: $0, as: "--control") },
    ].compactMap { $0 }
    let runner = try options.makeRunner(
      logger: logger, staysOpen: control != nil, record: record, power: power,
      files: files)
    let monitoring = try endpoint?.start(runner, logger)
    let server = try control.map { try ControlServer(path: $0, runner: runner, logger: logger) }
    let outcome = try RunSession(quiet: quiet, showsProgress: !quiet && !json).run(runner)
    server?.stop()
    monitoring?.stop()
    try RunEnding(report: report, quiet: quiet, json: json).finish(runner, outcome)
  }
}
