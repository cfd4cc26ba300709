import Detectors
import EdgepipeCore
import Foundation
import Measure

/// Runs A and B, and reads what came of it.
struct ABTrial {
  let inputs: ABInputs
  let runs: ChildRuns
  let folder: URL
  let truth: Findings.Truth?

  /// The first run of each, which is not measured: what it finds is kept, and files and libraries are in memory then.
  ///
  /// - Returns: nil when it was ended before.
  /// - Throws: ``PipelineError``, also when the two did not see the same pictures.
  func run(_ display: ABProgress) throws -> Findings? {
    var found: [RecordedFrames] = []
    for side in Side.allCases {
      display.show(firstRunOf: side)
      let files = inputs.sides[side].results(in: folder, prefix: side.rawValue)
      let leastScore = truth == nil ? nil : Findings.leastScore
      let arguments = try inputs.sides[side].arguments(files: files, report: report, leastScore: leastScore)
      guard try runs.run(arguments, title: title(side)) else { return nil }
      found.append(try RecordedFrames(files: files.map(Self.contents)))
    }
    let both = Both(a: found[0], b: found[1])
    guard let truth else { return try Findings(both) }
    display.accuracy()
    let sides = inputs.sides, store = ModelStore.standard()
    let classes = try sides.a.config.classes(in: store).union(sides.b.config.classes(in: store))
    do {
      return try Findings(
        both, truth: truth, scores: sides.map(\.scores), classes: classes, isStopped: { runs.isStopped })
    } catch is CancellationError {
      return nil
    }
  }

  /// One run that counts.
  ///
  /// - Returns: nil when it was ended before.
  func measure(_ side: Side, _ note: (RunFigures) -> Void) throws -> RunFigures? {
    guard try runs.run(inputs.sides[side].measuring(report: report), title: title(side)) else { return nil }
    let figures = try RunFigures(report: Self.contents(report), stage: inputs.stage)
    note(figures)
    return figures
  }

  private var report: URL { folder.appendingPathComponent("report.json") }

  private func title(_ side: Side) -> String { "the run of \(side.rawValue) ('\(inputs.sides[side].name)')" }

  private static func contents(_ file: URL) throws -> Data {
    do { return try Data(contentsOf: file) } catch {
      throw PipelineError(
        "cannot read the output of a run, '\(file.path)': \(error.localizedDescription)", code: .writeFailed)
    }
  }
}

/// The one line that shows how far a comparison is, on a terminal.
final class ABProgress {
  private let line = ProgressLine()
  private var last = Both<RunFigures?>(a: nil, b: nil)

  func show(firstRunOf side: Side) { show(["first run of \(side.rawValue), not counted"]) }

  func accuracy() { show(["accuracy of A and B, with the confidence interval of the difference"]) }

  func show(_ progress: Experiment.Progress) {
    var parts = ["run \(progress.finished + 1) of \(progress.total): \(progress.next.rawValue)"]
    parts += Side.allCases.compactMap { side in
      last[side].map { "\(side.rawValue) \(String(format: "%.2f", $0.latencyP50Ms)) ms" }
    }
    if let left = progress.secondsLeft { parts.append("ETA \(ProgressLine.clock(left))") }
    show(parts)
  }

  func note(_ figures: RunFigures, of side: Side) { last[side] = figures }

  func end() { line.end() }

  private func show(_ parts: [String]) { line.show(parts.joined(separator: " | ")) }
}
