import Glibc
import Pipeline
import Synchronization

/// Ctrl-C and SIGTERM: work on a model ends at once, at any moment, and nothing of it is left.
///
/// Models that are being measured have no files. What has, is taken away first (`watch`), and what must not be cut short
/// is waited for (`holding`): it takes milliseconds.
final class WorkInterruption: Sendable {
  private struct State {
    var isHeld = false
    var pending: Int32?
    var cleanUp: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())
  private let line: ProgressLine

  /// - Throws: ``PipelineError`` when the thread that waits for signals cannot be started.
  init(_ line: ProgressLine) throws {
    self.line = line
    try Shutdown.onSignal { [self] signal in
      let cleanUp: (@Sendable () -> Void)?? = state.withLock { state in
        if state.isHeld {
          state.pending = signal
          return nil
        }
        return .some(state.cleanUp)
      }
      if let cleanUp { end(signal, cleanUp) }
    }
  }

  /// Does `body` to its end before a signal is heeded.
  func holding<Result>(_ body: () throws -> Result) rethrows -> Result {
    state.withLock { $0.isHeld = true }
    defer {
      let (pending, cleanUp) = state.withLock { state in
        state.isHeld = false
        return (state.pending, state.cleanUp)
      }
      if let pending { end(pending, cleanUp) }
    }
    return try body()
  }

  /// The last work of all: a signal that comes from now on changes nothing any more.
  func settle() { state.withLock { $0.isHeld = true } }

  /// What a signal has to clean up from now on; nil for nothing.
  func watch(_ cleanUp: (@Sendable () -> Void)?) { state.withLock { $0.cleanUp = cleanUp } }

  private func end(_ signal: Int32, _ cleanUp: (@Sendable () -> Void)?) -> Never {
    cleanUp?()
    line.end()
    Terminal.note("stopped; nothing was written")
    _exit(128 + signal)
  }
}
