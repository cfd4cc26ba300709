package import EdgepipeCore
import Glibc
import Synchronization

/// Turns SIGINT, SIGTERM, SIGHUP and SIGXCPU into calls on a thread of its own: nothing runs in signal context.
package enum Shutdown {
  /// Blocks these signals in this thread, and so in every thread that it starts later. Call it first in `main`.
  package static func blockSignals() {
    // SAFETY: the set outlives the call.
    var set = signals
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    // Whoever starts this program may have blocked it.
    var asked = sigset_t()
    unsafe sigemptyset(&asked)
    unsafe sigaddset(&asked, ThreadStacks.number)
    unsafe pthread_sigmask(SIG_UNBLOCK, &asked, nil)
    // A closed pipe or socket, and a file at its limit, are error codes for the writer, not the end of the process. A
    // handler that does nothing instead of SIG_IGN: programs that this one starts begin without it.
    for number in [SIGPIPE, SIGXFSZ] { _ = signal(number) { _ in } }
  }

  private struct State {
    var first: @Sendable (_ signal: Int32) -> Void = { _ in }
    var isWaiting = false
  }

  private static let state = Mutex(State())

  /// Calls `first`, on a thread of its own, at the first signal; one that comes a second or more later ends the process
  /// at once with 128 + its number (130, 143, 129), whatever hangs. A later call replaces what an earlier one has set, so
  /// that a command may end in another way than the program does by itself.
  ///
  /// - Throws: ``PipelineError`` when the thread cannot be started.
  package static func onSignal(_ first: @escaping @Sendable (_ signal: Int32) -> Void) throws(PipelineError) {
    let isWaiting = state.withLock { state in
      defer { state.isWaiting = true }
      state.first = first
      return state.isWaiting
    }
    if !isWaiting { _ = try WorkerThread(name: "ep-signals", waitForSignals) }
  }

  private static func waitForSignals() {
    var set = signals, wishes = SignalWishes()
    let clock = SystemClock()
    while true {
      var number: Int32 = 0
      // SAFETY: both live during the call, which waits for a blocked signal.
      guard unsafe sigwait(&set, &number) == 0 else { continue }
      switch wishes.receive(number, at: clock.now()) {
      case .end:
        let first = state.withLock { $0.first }
        // Its words may find a terminal that takes none: the next signal is heard all the same.
        let signal = number
        do { _ = try WorkerThread(name: "ep-ending") { first(signal) } } catch { first(signal) }
      case .same: break
      case .endAtOnce: _exit(128 + number)
      }
    }
  }

  /// Found once, before anything changes how signals are met.
  private static let signals: sigset_t = {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in [SIGINT, SIGTERM, SIGXCPU] { unsafe sigaddset(&set, number) }
    // `nohup` asks for a run that outlives its terminal by having this one ignored.
    var handling = sigaction()
    // SAFETY: asks only; `handling` outlives the call.
    let isIgnored = unsafe sigaction(SIGHUP, nil, &handling) == 0 && isIgnoring(handling)
    if !isIgnored { unsafe sigaddset(&set, SIGHUP) }
    return set
  }()

  private static func isIgnoring(_ handling: sigaction) -> Bool {
    // SAFETY: SIG_IGN is the address 1, which is compared and never called.
    unsafe unsafeBitCast(handling.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
