import Foundation
import Pipeline

/// What a command says at the end of a run: the table, the report and the errors.
struct RunEnding {
  /// The file of the report.
  let report: String?
  let quiet: Bool
  /// Prints the report instead of the table.
  let json: Bool

  /// - Throws: ``RunFailed`` with the run's exit status, unless it is 0.
  func finish(_ runner: PipelineRunner, _ outcome: RunOutcome) throws {
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
