import ArgumentParser
import Foundation
import Logging
import Pipeline

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Runs a pipeline until its input ends, or until Ctrl-C.",
    discussion: """
      On a terminal one line shows how far it is; at the end come a table of the stages and the account of all frames.
      The first Ctrl-C drains what is in flight and ends with 0; the second ends at once.

        edgepipe run pipelines/smart-camera.json
        edgepipe run pipelines/smart-camera.json --source rtsp://camera/stream --report out/report.json
        edgepipe run pipelines/objects-only.json --set objects.score=0.4 --set objects.workers=1
      """)

  @OptionGroup var options: PipelineOptions

  @Option(help: ArgumentHelp("Writes the run report as JSON to this file.", valueName: "file"))
  var report: String?

  @Option(
    help: ArgumentHelp(
      "Makes a socket for 'edgepipe ctl'; the run then goes on until it is drained.", valueName: "path"))
  var control: String?

  @Flag(help: "Prints nothing but errors.")
  var quiet = false

  @Flag(help: "Prints the run report as JSON on standard output instead of the tables.")
  var json = false

  @Flag(name: .shortAndLong, help: "Also prints what stages have to say in passing.")
  var verbose = false

  func validate() throws {
    if quiet, verbose { throw ValidationError("--quiet and --verbose exclude each other") }
  }

  func run() throws {
    if let report { try ReportFile.check(report) }
    let logger = Log.logger(level: quiet ? .error : verbose ? .debug : .notice)
    let runner = try options.makeRunner(logger: logger, staysOpen: control != nil)
    let server = try control.map { try ControlServer(path: $0, runner: runner, logger: logger) }
    try Shutdown.onSignal { _ in
      if !quiet { Terminal.note("\nending: what is in flight is still delivered (again to end at once)") }
      runner.requestStop()
    }
    // A thread that cannot be started is part of the outcome.
    try? runner.start()
    let live = quiet || json || !Terminal.isInteractive ? nil : LiveDisplay(runner)
    let outcome = runner.wait()
    live?.stop()
    server?.stop()
    try finish(runner, outcome)
  }

  private func finish(_ runner: PipelineRunner, _ outcome: RunOutcome) throws {
    let snapshot = runner.snapshot(withFacts: true)
    let document = try RunReport(
      pipeline: runner.plan.name, snapshot: snapshot, outcome: outcome, version: EdgePipe.version
    ).root.json()
    if json {
      Terminal.out(String(document.dropLast()))
    } else if !quiet, snapshot.ledger.admitted > 0 || outcome.exit == .success {
      // Where nothing ever ran, the reason below says it all.
      Terminal.out(RunSummary(snapshot: snapshot, outcome: outcome).text)
    }
    if let report {
      try ReportFile.write(document, to: report)
      if !quiet, !json { Terminal.out("report      \(report)") }
    }
    for failure in outcome.streamFailures { Terminal.note("error: stream '\(failure.stream)': \(failure.error.withoutStage)") }
    if let failure = outcome.failure { Terminal.note("error: \(failure)") }
    if outcome.exit != .success { throw RunFailed(exit: outcome.exit) }
    // Threads that a stage leaves hanging must not keep the process.
    if !outcome.isOver { throw RunFailed(exit: .software) }
  }
}

extension PipelineError {
  /// The same error for a line that already names the stream.
  fileprivate var withoutStage: PipelineError {
    var error = self
    error.stage = nil
    return error
  }
}

/// The report's file: refused before the run when it cannot be written, replaced whole after it.
enum ReportFile {
  static func check(_ path: String) throws {
    var isFolder: ObjCBool = false
    if unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw PipelineError("cannot write the report to '\(path)': it is a folder", remedy: "name a file", exit: .ioError)
    }
  }

  static func write(_ text: String, to path: String) throws {
    let url = URL(fileURLWithPath: path)
    do {
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url, options: .atomic)
    } catch {
      throw PipelineError("cannot write the report to '\(path)': \(error.localizedDescription)", exit: .ioError)
    }
  }
}
