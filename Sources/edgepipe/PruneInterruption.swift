import Pipeline
import Synchronization

/// Ctrl-C: ends what is under way, and with it the command; nothing is written then.
final class PruneInterruption: Sendable {
  private let stop = Mutex<(@Sendable () -> Void)?>(nil)

  /// - Parameter line: throws from its next step on.
  /// - Throws: a ``PipelineError`` when the thread that waits for signals cannot be started.
  init(_ line: ProgressLine) throws {
    try Shutdown.onSignal { [self] _ in
      line.stop()
      stop.withLock { $0 }?()
    }
  }

  /// - Parameter end: asks what `body` runs to end early; called from another thread.
  func stopping<Result>(_ end: @escaping @Sendable () -> Void, _ body: () throws -> Result) rethrows -> Result {
    stop.withLock { $0 = end }
    defer { stop.withLock { $0 = nil } }
    return try body()
  }
}
