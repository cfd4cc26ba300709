import Glibc
import Synchronization

/// Turns SIGINT and SIGTERM into calls on a thread of its own: nothing runs in signal context.
public enum Shutdown {
  /// Blocks both signals in this thread, and so in every thread that it starts later. Call it first in `main`.
  public static func blockSignals() {
    // SAFETY: the set outlives both calls.
    var set = signalSet()
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    // A closed pipe or socket is an error code for the writer, not the end of the process.
    _ = signal(SIGPIPE, SIG_IGN)
    // So is a file that has reached the limit on file sizes.
    _ = signal(SIGXFSZ, SIG_IGN)
  }

  private struct State {
    var first: @Sendable (_ signal: Int32) -> Void = { _ in }
    var isWaiting = false
  }

  private static let state = Mutex(State())

  /// Calls `first`, on a thread of its own, at the first signal; the second one ends the process at once with 130
  /// (SIGINT) or 143 (SIGTERM), whatever hangs. A later call replaces what an earlier one has set, so that a command
  /// may end in another way than the program does by itself.
  ///
  /// - Throws: ``PipelineError`` when the thread cannot be started.
  public static func onSignal(_ first: @escaping @Sendable (_ signal: Int32) -> Void) throws(PipelineError) {
    let isWaiting = state.withLock { state in
      defer { state.isWaiting = true }
      state.first = first
      return state.isWaiting
    }
    if !isWaiting { _ = try WorkerThread(name: "ep-signals", waitForSignals) }
  }

  private static func waitForSignals() {
    var set = signalSet()
    var isSecond = false
    while true {
      var number: Int32 = 0
      // SAFETY: both live during the call, which waits for a blocked signal.
      guard unsafe sigwait(&set, &number) == 0 else { continue }
      if isSecond { _exit(128 + number) }
      isSecond = true
      let first = state.withLock { $0.first }
      first(number)
    }
  }

  private static func signalSet() -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, SIGINT)
    unsafe sigaddset(&set, SIGTERM)
    return set
  }
}
