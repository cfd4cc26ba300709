import EdgepipeCore
import Foundation
import Pipeline

/// What a command says at the end of a run: the table, the report and the errors.
struct RunEnding {
  /// The file of the report.
  let report: String?
  let quiet: Bool
  /// Prints the report instead of the table.
  let json: Bool
  /// The pipeline file, for the report.
  var file: String?

  /// - Throws: ``RunFailed`` with the run's exit status, unless it is 0.
  func finish(_ runner: PipelineRunner, _ outcome: RunOutcome) throws {
    let snapshot = runner.snapshot(withFacts: true)
    let report = RunReport(
      pipeline: runner.plan.name, snapshot: snapshot, outcome: outcome, version: Edgepipe.version, file: file,
      power: snapshot.power)
    try finish(outcome, snapshot.ledger, report: report.root, RunSummary(snapshot: snapshot, outcome: outcome).text)
  }

  /// - Parameter summary: for people.
  /// - Throws: ``RunFailed`` with the run's exit status, unless it is 0.
  func finish(_ outcome: RunOutcome, _ ledger: Ledger.Account, report value: ReportValue, _ summary: String) throws {
    let document = try value.json()
    // The file comes first: the reader of what is printed may be gone.
    var unwritten: (any Error)?
    if let report {
      do { try WholeFile.write(to: report) { try $0(document) } } catch { unwritten = error }
    }
    if json {
      Terminal.out(String(document.dropLast()))
    } else if !quiet, ledger.admitted > 0 || outcome.isSuccess {
      // Where nothing ever ran, the reason below says it all.
      Terminal.say(summary)
    }
    if let report, unwritten == nil, !quiet, !json { Terminal.say("report      \(report)") }
    for failure in outcome.streamFailures {
      Terminal.note("error: stream '\(failure.stream)': \(failure.error.withoutStage)")
    }
    if let failure = outcome.failure, failure.code != .outputClosed { Terminal.note("error: \(failure)") }
    if let unwritten {
      if outcome.isSuccess { throw unwritten }
      Terminal.note("error: \(unwritten)")
    }
    if !outcome.isSuccess { throw RunFailed(exit: outcome.exit) }
    // Threads that a stage leaves hanging must not keep the process.
    if !outcome.isOver { throw RunFailed(exit: .software) }
  }
}
