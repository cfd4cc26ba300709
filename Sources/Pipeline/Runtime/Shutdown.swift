import Glibc

/// Turns SIGINT and SIGTERM into calls on a thread of its own: nothing runs in signal context.
public enum Shutdown {
  /// Blocks both signals in this thread, and so in every thread that it starts later. Call it first in `main`.
  public static func blockSignals() {
    // SAFETY: the set outlives both calls.
    var set = signalSet()
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    // A closed pipe or socket is an error code for the writer, not the end of the process.
    _ = signal(SIGPIPE, SIG_IGN)
  }

  /// Starts a thread that calls `first` at the first signal; the second one ends the process at once with 130
  /// (SIGINT) or 143 (SIGTERM), whatever hangs.
  public static func onSignal(_ first: @escaping @Sendable (_ signal: Int32) -> Void) throws(PipelineError) {
    _ = try WorkerThread(name: "ep-signals") {
      var set = signalSet()
      var isSecond = false
      while true {
        var number: Int32 = 0
        // SAFETY: both live during the call, which waits for a blocked signal.
        guard unsafe sigwait(&set, &number) == 0 else { continue }
        if isSecond { _exit(128 + number) }
        isSecond = true
        first(number)
      }
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
