import EdgepipeCore
import Pipeline
import Synchronization

/// Decides whether a blocking call of the demuxer may go on: until the run stops or the time allowed is over.
///
/// FFmpeg asks from whatever thread it blocks on.
final class ReadGuard: Sendable {
  private let output: any SourceOutput
  private let clock: any PipelineClock
  private let limit = Atomic<Int64>(.max)

  init(output: any SourceOutput, clock: any PipelineClock) {
    self.output = output
    self.clock = clock
  }

  /// Gives the next blocking call this long, or indefinitely with nil.
  func allow(seconds: Double?) {
    let end = seconds.map { clock.now().advanced(byMilliseconds: $0 * 1000).nanoseconds }
    limit.store(end ?? .max, ordering: .relaxed)
  }

  /// Gives the next blocking calls up to this instant.
  func allow(until end: MonotonicTime) { limit.store(end.nanoseconds, ordering: .relaxed) }

  var isStopping: Bool { output.isStopping }
  var hasTimedOut: Bool { clock.now().nanoseconds > limit.load(ordering: .relaxed) }
}
