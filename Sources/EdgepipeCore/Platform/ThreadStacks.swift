import CPlatform
import Glibc
import Synchronization

/// Where the threads of this process are: for the log of a run that is stuck.
package enum ThreadStacks {
  private static let mostFrames: Int32 = 64
  private static let patienceMs = 200.0
  /// Its default is to be ignored, so that one that comes late harms nobody.
  package static let number = SIGURG

  // SAFETY: written in signal context by the thread that is asked, and read only after it has said so; a thread that answers
  // when another is asked already does not write.
  private nonisolated(unsafe) static let frames = {
    let frames = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: Int(mostFrames))
    unsafe frames.initialize(repeating: nil, count: Int(mostFrames))
    return unsafe frames
  }()
  private static let asked = Atomic<Int32>(0)
  private static let count = Atomic<Int32>(0)
  /// One thread asks at a time.
  private static let turn = Mutex(false)

  /// The stack of every thread, the innermost call first. Names of functions are as the linker knows them (`swift demangle`
  /// makes them readable); calls without a name have their place in the program (`addr2line`).
  ///
  /// Each thread is interrupted by a signal for a moment, which ends a system call that it waits in: not for a run that is
  /// well. A thread that does not answer is named without a stack.
  package static func text(_ system: SystemTree = SystemTree()) -> String {
    turn.withLock { isReady in
      if !isReady {
        prepare()
        isReady = true
      }
      let threads = system.names(in: "/proc/self/task").compactMap { Int32($0) }.sorted()
      return threads.map { thread in
        let name = (try? system.text("/proc/self/task/\(thread)/comm")) ?? "?"
        return "thread \(thread) '\(name)':\n" + stack(of: thread).map { "  \($0)\n" }.joined()
      }.joined()
    }
  }

  private static func prepare() {
    // Loads what the first call needs, which must not happen in signal context, and makes the memory.
    unsafe backtrace(frames, mostFrames)
    _ = (asked.load(ordering: .relaxed), count.load(ordering: .relaxed))
    var action = sigaction()
    // SAFETY: the handler calls only what POSIX and glibc allow in signal context; `action` outlives the call.
    unsafe action.__sigaction_handler.sa_handler = { _ in ThreadStacks.answer() }
    action.sa_flags = SA_RESTART
    unsafe sigaction(number, &action, nil)
  }

  /// In signal context.
  private static func answer() {
    guard asked.load(ordering: .acquiring) == ep_thread_id() else { return }
    let found = unsafe backtrace(frames, mostFrames)
    count.store(found, ordering: .releasing)
  }

  private static func stack(of thread: Int32) -> [String] {
    count.store(0, ordering: .relaxed)
    asked.store(thread, ordering: .releasing)
    defer { asked.store(0, ordering: .releasing) }
    guard ep_signal_thread(thread, number) == 0 else { return ["has ended"] }
    let clock = SystemClock(), limit = clock.now().advanced(byMilliseconds: patienceMs)
    while count.load(ordering: .acquiring) == 0 {
      if clock.now() > limit { return ["does not answer"] }
      sched_yield()
    }
    let found = count.load(ordering: .acquiring)
    // SAFETY: `found` frames were written; the list is freed as a whole.
    guard let names = unsafe backtrace_symbols(frames, found) else { return ["no memory"] }
    defer { unsafe free(names) }
    // The first two are the handler's.
    return (0..<Int(found)).dropFirst(2).compactMap { index in unsafe names[index].map { unsafe String(cString: $0) } }
  }
}
