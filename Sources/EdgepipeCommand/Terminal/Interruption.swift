import EdgepipeCore
import Glibc
import Pipeline
import Synchronization

/// What Ctrl-C, SIGTERM and SIGHUP do to the command under way.
///
/// Without more the process ends at once. What has files is taken away first (`watch`), what must not be cut short is
/// waited for (`holding`: it takes milliseconds), and what ends by itself when told to is told (`onStop`).
final class Interruption: Sendable {
  private struct State {
    var isHeld = false
    var pending: Int32?
    var cleanUp: (@Sendable () -> Void)?
    var stop: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())
  private let lastWords: String?

  /// Takes the place of any earlier one.
  ///
  /// - Parameter lastWords: printed before the process ends.
  /// - Throws: ``PipelineError`` when the thread that waits for signals cannot be started.
  @discardableResult
  init(lastWords: String? = nil) throws {
    self.lastWords = lastWords
    try Shutdown.onSignal { [self] signal in receive(signal) }
  }

  /// From now on a signal calls `stop`, and the command ends by itself; nil: the process ends at once.
  func onStop(_ stop: (@Sendable () -> Void)?) { state.withLock { $0.stop = stop } }

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

  private func receive(_ signal: Int32) {
    let answer: (@Sendable () -> Void)? = state.withLock { state in
      if state.isHeld {
        state.pending = signal
        return nil
      }
      return state.stop ?? { [self, cleanUp = state.cleanUp] in end(signal, cleanUp) }
    }
    answer?()
  }

  private func end(_ signal: Int32, _ cleanUp: (@Sendable () -> Void)?) -> Never {
    cleanUp?()
    Terminal.endLiveLine()
    if let lastWords { Terminal.note(lastWords) }
    _exit(128 + signal)
  }
}
