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
    let report = RunReport(
      pipeline: runner.plan.name, snapshot: snapshot, outcome: outcome, version: EdgePipe.version)
    try finish(outcome, snapshot.ledger, report: report.root, RunSummary(snapshot: snapshot, outcome: outcome).text)
  }

  /// - Parameter summary: for people.
  /// - Throws: ``RunFailed`` with the run's exit status, unless it is 0.
  func finish(_ outcome: RunOutcome, _ ledger: Ledger.Account, report value: ReportValue, _ summary: String) throws {
    let document = try value.json()
    // The file comes first: standard output may be a pipe that nobody empties.
    let written = Result { try report.map { try ReportFile.write(document, to: $0) } }
    if json {
      Terminal.out(String(document.dropLast()))
    } else if !quiet, ledger.admitted > 0 || outcome.exit == .success {
      // Where nothing ever ran, the reason below says it all.
      Terminal.say(summary)
    }
    if let report, case .success = written, !quiet, !json { Terminal.say("report      \(report)") }
    for failure in outcome.streamFailures { Terminal.note("error: stream '\(failure.stream)': \(failure.error.withoutStage)") }
    if let failure = outcome.failure, failure.exit != .readerGone { Terminal.note("error: \(failure)") }
    try written.get()
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

/// A file of what a run did: refused before the run when it cannot be written, replaced whole after it.
enum ReportFile {
  static func check(_ path: String) throws {
    var isFolder: ObjCBool = false
    if unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw PipelineError("cannot write '\(path)': it is a folder", remedy: "name a file", exit: .ioError)
    }
  }

  /// Writes a file piece by piece: whole, or not at all.
  ///
  /// - Parameter body: calls its argument with each piece.
  static func write(to path: String, _ body: ((String) throws -> Void) throws -> Void) throws {
    let url = URL(fileURLWithPath: path), folder = url.deletingLastPathComponent()
    let part = folder.appendingPathComponent(".\(url.lastPathComponent).\(UUID().uuidString).part")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data().write(to: part)
      defer { try? FileManager.default.removeItem(at: part) }
      let file = try FileHandle(forWritingTo: part)
      try body { try file.write(contentsOf: Data($0.utf8)) }
      try file.close()
      // SAFETY: both paths are passed as NUL-terminated copies for the time of the call.
      guard unsafe rename(part.path, path) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    } catch {
      throw PipelineError("cannot write '\(path)': \(error.localizedDescription)", exit: .ioError)
    }
  }

  static func write(_ text: String, to path: String) throws { try write(to: path) { put in try put(text) } }
}
