import EdgepipeCore
import Foundation
package import Pipeline
import Stages

/// Runs a pipeline for a few seconds to see how fast it is.
package struct TuneTrial {
  private let seconds: Double
  private let makeRunner: ([String]) throws -> PipelineRunner

  private static let warmUpSeconds = 1.0

  /// - Parameters:
  ///   - seconds: the length of a trial, after a warm-up of one second.
  ///   - makeRunner: the pipeline without its outputs, with these overrides.
  package init(seconds: Double, makeRunner: @escaping ([String]) throws -> PipelineRunner) {
    self.seconds = seconds
    self.makeRunner = makeRunner
  }

  /// - Returns: nil where the pipeline does not run with these overrides.
  package func measure(_ sets: [String]) throws -> TuneMeasurement? {
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

  /// The quickest work of a detector, and of the slowest of the stages that tuning leaves as they are, in a few frames.
  package func glance(at stage: String, _ sets: [String]) -> TuneGlance? {
    guard let runner = try? makeRunner(sets) else { return nil }
    try? runner.start()
    let start = Date()
    while !runner.isStopping {
      let seen = runner.snapshot()
      let frames = seen.stages.first { $0.id == stage }?.values.service.count ?? 0
      let seconds = Date().timeIntervalSince(start)
      if frames >= Self.glanceFrames || frames > 0 && seconds > Self.glanceSeconds || seconds > 10 { break }
      if !seen.streamFigures.contains(where: \.isRunning) { break }
      usleep(10_000)
    }
    runner.requestStop()
    guard runner.wait().isOver else { return nil }
    return glance(at: stage, runner)
  }

  /// Enough for the quickest to have met no other program's work.
  private static let glanceFrames = 30
  private static let glanceSeconds = 3.0

  private func glance(at stage: String, _ runner: PipelineRunner) -> TuneGlance? {
    let seen = runner.snapshot()
    let detectors = Set(runner.plan.stages.filter { $0.descriptor.schema.hasModel }.map(\.id))
    guard let own = seen.stages.first(where: { $0.id == stage })?.values.service, own.count > 0 else { return nil }
    let others = seen.stages.compactMap { figures -> TuneGlance.Part? in
      // The other detectors are tuned as well, and a source's time is not that of a frame's way.
      guard figures.role != .source, !detectors.contains(figures.id), figures.values.service.count > 0 else {
        return nil
      }
      return .init(stage: figures.id, serviceMs: figures.values.service.milliseconds(atPercentile: 0))
    }
    return TuneGlance(
      serviceMs: own.milliseconds(atPercentile: 0), other: others.max { $0.serviceMs < $1.serviceMs })
  }

  /// The input shapes that a detector's preprocessing really makes, as height and width: from one short run.
  package func inputShape(of stage: String, _ sets: [String]) -> (height: Int, width: Int)? {
    guard let runner = try? makeRunner(sets) else { return nil }
    try? runner.start()
    let limit = Date().addingTimeInterval(10)
    while runner.snapshot().ledger.delivered < 3, Date() < limit { usleep(20_000) }
    runner.requestStop()
    guard runner.wait().isOver else { return nil }
    let size = (runner.stage(stage) as? any TensorConsumer)?.inputSizes.first
    return size.map { ($0.height, $0.width) }
  }
}
