import CPlatform
import Foundation
import Synchronization

/// Knows which stage every thread of the process works for, and sums their CPU time.
///
/// Our own threads register themselves. Threads that a library starts (decoder, encoder, inference) are found by
/// comparing the process's thread list before and after the call that starts them.
public final class ThreadCensus: Sendable {
  private struct Entry {
    var stage: String
    var cpuNanoseconds: Int64 = 0
    var isAlive = true
  }

  private struct State {
    var threads: [Int32: Entry] = [:]
    var retired: [String: Int64] = [:]
  }

  private let state = Mutex(State())
  /// One adoption at a time, so that two stages never claim each other's threads.
  private let adoption = Mutex(())

  package init() {}

  /// Counts the calling thread with `stage`.
  package func register(stage: String) {
    let id = ep_thread_id()
    state.withLock { $0.threads[id] = Entry(stage: stage) }
  }

  /// Takes the calling thread's final CPU time; call it last on a registered thread.
  package func unregister() {
    let id = ep_thread_id()
    state.withLock { Self.retire(id, in: &$0) }
  }

  /// Runs `body`, which starts library threads, and counts every new thread with `stage`.
  package func adopt<Result>(stage: String, _ body: () throws -> Result) rethrows -> Result {
    try adoption.withLock { _ in
      let before = Set(Self.threadIDs())
      defer {
        let started = Self.threadIDs().filter { !before.contains($0) }
        state.withLock { state in
          for id in started where state.threads[id] == nil { state.threads[id] = Entry(stage: stage) }
        }
      }
      return try body()
    }
  }

  /// Takes the final CPU time of a stage's library threads; call it just before the library ends them.
  package func sampleBeforeRelease(stage: String) {
    state.withLock { Self.sample(&$0, only: stage) }
  }

  /// CPU nanoseconds by stage so far, threads that have ended included.
  package func cpuNanoseconds() -> [String: Int64] {
    state.withLock { state in
      Self.sample(&state, only: nil)
      var sums = state.retired
      for entry in state.threads.values { sums[entry.stage, default: 0] += entry.cpuNanoseconds }
      return sums
    }
  }

  /// How many threads each stage has now.
  func threadCounts() -> [String: Int] {
    state.withLock { state in
      state.threads.values.reduce(into: [:]) { if $1.isAlive { $0[$1.stage, default: 0] += 1 } }
    }
  }

  private static func sample(_ state: inout State, only stage: String?) {
    for (id, entry) in state.threads where stage == nil || entry.stage == stage {
      let now = SystemClock.read(ep_thread_cpu_clock(id))
      // A clock that cannot be read, or that went back, belongs to a thread that has ended: its last value stands.
      if now >= entry.cpuNanoseconds, now > 0 {
        state.threads[id]?.cpuNanoseconds = now
      } else {
        retire(id, in: &state)
      }
    }
  }

  private static func retire(_ id: Int32, in state: inout State) {
    guard let entry = state.threads.removeValue(forKey: id) else { return }
    let now = SystemClock.read(ep_thread_cpu_clock(id))
    state.retired[entry.stage, default: 0] += max(now, entry.cpuNanoseconds)
  }

  private static func threadIDs() -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    return names.compactMap { Int32($0) }
  }
}
