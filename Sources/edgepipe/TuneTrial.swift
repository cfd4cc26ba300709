import Foundation
import Pipeline
import Stages

/// Runs a pipeline for a few seconds to see how fast it is.
struct TuneTrial {
  let options: PipelineOptions
  let config: PipelineConfig
  let seconds: Double

  private static let warmUpSeconds = 1.0

  /// - Returns: nil where the pipeline does not run with these overrides.
  func measure(_ sets: [String]) throws -> TuneMeasurement? {
    guard let runner = try? makeRunner(sets) else { return nil }
    // A thread that cannot be started is part of the outcome.
    try? runner.start()
    let done = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
      _ = runner.wait()
      done.signal()
    }
    _ = done.wait(timeout: .now() + Self.warmUpSeconds)
    let before = runner.snapshot()
    _ = done.wait(timeout: .now() + seconds)
    let after = runner.snapshot()
    runner.requestStop()
    _ = done.wait(timeout: .now() + 15)
    return measurement(from: before, to: after)
  }

  private func measurement(
    from before: PipelineRunner.Snapshot, to after: PipelineRunner.Snapshot
  ) -> TuneMeasurement? {
    // A clip that ended during the warm-up is measured whole.
    let isShort = after.ledger.delivered - before.ledger.delivered < 10
    let frames = after.ledger.delivered - (isShort ? 0 : before.ledger.delivered)
    let time = after.elapsedSeconds - (isShort ? 0 : before.elapsedSeconds)
    guard frames >= 10, time > 0 else { return nil }
    // Of several streams the slowest counts.
    let latencies = after.streamFigures.map(\.values.latency)
    return TuneMeasurement(
      rate: Double(frames) / time, p50: latencies.map { $0.milliseconds(atPercentile: 50) }.max() ?? 0,
      p95: latencies.map { $0.milliseconds(atPercentile: 95) }.max() ?? 0)
  }

  /// The input shapes that a detector's preprocessing really makes, as height and width: from one short run.
  func inputShape(of stage: String, _ sets: [String]) -> (height: Int, width: Int)? {
    guard let runner = try? makeRunner(sets) else { return nil }
    try? runner.start()
    let limit = Date().addingTimeInterval(10)
    while runner.snapshot().ledger.delivered < 3, Date() < limit { usleep(20_000) }
    runner.requestStop()
    guard runner.wait().isOver else { return nil }
    let figures = runner.snapshot(withFacts: true).stages.first { $0.id == stage }
    guard case .list(let sizes)? = figures?.facts["input_sizes"], case .string(let size)? = sizes.first else { return nil }
    let sides = size.split(separator: "x").compactMap { Int($0) }
    return sides.count == 2 ? (sides[1], sides[0]) : nil
  }

  /// The pipeline without its outputs.
  ///
  /// - Parameter files: what the command reads and writes beside it.
  func makeRunner(_ sets: [String], files: [FileUse] = []) throws -> PipelineRunner {
    var options = options
    options.sets += sets
    return try options.withoutSinks(config).makeRunner(logger: Log.quiet, files: files)
  }
}
