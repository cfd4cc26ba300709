import CFFmpeg
import EdgepipeCore
import Pipeline
import Synchronization

/// Decides whether a blocking call of FFmpeg, which reads or writes, may go on: until the run stops or the time allowed is
/// over.
///
/// FFmpeg asks from whatever thread it blocks on.
final class ReadGuard: Sendable {
  private let isAskedToStop: @Sendable () -> Bool
  private let clock: any PipelineClock
  private let limit = Atomic<Int64>(.max)

  init(clock: any PipelineClock, isStopping: @escaping @Sendable () -> Bool) {
    self.clock = clock
    isAskedToStop = isStopping
  }

  convenience init(output: any SourceOutput, clock: any PipelineClock) {
    self.init(clock: clock) { output.isStopping }
  }

  /// Gives the next blocking call this long, or indefinitely with nil.
  func allow(seconds: Double?) {
    let end = seconds.map { clock.now().advanced(byMilliseconds: $0 * 1000).nanoseconds }
    limit.store(end ?? .max, ordering: .relaxed)
  }

  /// Gives the next blocking calls up to this instant.
  func allow(until end: MonotonicTime) { limit.store(end.nanoseconds, ordering: .relaxed) }

  var isStopping: Bool { isAskedToStop() }
  var hasTimedOut: Bool { clock.now().nanoseconds > limit.load(ordering: .relaxed) }

  /// For FFmpeg's contexts. The guard must outlive what it is given to.
  var interruption: AVIOInterruptCB {
    // SAFETY: the pointer is only followed back to the guard, which whoever asks keeps.
    unsafe AVIOInterruptCB(callback: Self.interrupted, opaque: Unmanaged.passUnretained(self).toOpaque())
  }

  private static let interrupted: @convention(c) (UnsafeMutableRawPointer?) -> Int32 = { opaque in
    guard let opaque = unsafe opaque else { return 0 }
    // SAFETY: the pointer is the guard of `interruption`; see there.
    let guardian = unsafe Unmanaged<ReadGuard>.fromOpaque(opaque).takeUnretainedValue()
    return guardian.isStopping || guardian.hasTimedOut ? 1 : 0
  }
}
