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
      """
      For 'edgepipe serve': locks this file, so that no second run can have it, and drains when no supervisor has made \
      contact for 60 s. Needs --control.
      """, valueName: "file"))
  var supervised: String?

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
    if supervised != nil, control == nil { throw ValidationError("--supervised needs --control PATH") }
    // Before anything is opened: nothing must run twice.
    let lock = try supervised.map { path in try RunLock(path: path, what: "this pipeline") }
    defer { withExtendedLifetime(lock) {} }
    if lock != nil { StartLock.release() }
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
    let supervision = lock.map { _ in Supervision() }
    let server = try control.map { path in
      try ControlServer(
        path: path, runner: runner, logger: logger, supervision: supervision, metrics: MetricsEndpoint.text(runner),
        report: { [file = options.reportedFile] in runner.reportSoFar(version: Edgepipe.version, file: file).root })
    }
    let watch = try supervision.map { try supervise($0, runner, logger) }
    let outcome = try RunSession(quiet: quiet, showsProgress: !quiet && !json).run(runner)
    watch?.stop()
    server?.stop()
    monitoring?.stop()
    try RunEnding(report: report, quiet: quiet, json: json, file: options.reportedFile).finish(runner, outcome)
  }

  private func supervise(_ supervision: Supervision, _ runner: PipelineRunner, _ logger: Logger) throws
    -> PeriodicThread
  {
    try PeriodicThread(name: "ep-supervised", everyMilliseconds: 1000) {
      guard let seconds = supervision.lostForS, !runner.isStopping else { return }
      logger.warning("draining: no supervisor has made contact for \(Int(seconds)) s")
      runner.requestStop()
    }
  }
}
