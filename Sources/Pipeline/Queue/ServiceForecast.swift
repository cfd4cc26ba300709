import EdgepipeCore
import Synchronization

/// How long a stage and the slowest way from it to a sink take, by their recent service times.
///
/// The estimate of a stage is the median of its last nine: one slow outlier changes nothing. Where a lasting change
/// makes every frame look hopeless, one frame a second is let through to see whether that is still so.
final class ServiceForecast: Sendable {
  private struct Recent {
    /// The last services in nanoseconds, the newest at `next - 1`.
    var window: [Int64] = []
    var next = 0
    var lastServed: MonotonicTime?
    var lastProbe: MonotonicTime?
  }

  private static let windowSize = 9
  /// Fewer say nothing: first services are often slow.
  private static let leastSamples = 3
  private static let probeNanoseconds: Int64 = 1_000_000_000

  private let recent = Mutex(Recent())
  private let own = Atomic<Int64>(0)
  /// Own and later stages' time, renewed with every service.
  private let total = Atomic<Int64>(0)
  private let successors: [ServiceForecast]

  init(successors: [ServiceForecast]) { self.successors = successors }

  /// Nanoseconds from the start of this stage's work to the end of the last stage's.
  var toFinish: Int64 { total.load(ordering: .relaxed) }

  func record(nanoseconds: Int64, at now: MonotonicTime) {
    let median = recent.withLock { recent -> Int64 in
      // A probe that is much faster than expected: the slow time is over.
      let expected = own.load(ordering: .relaxed)
      let gap = recent.lastServed.map { now.nanoseconds(since: $0) } ?? 0
      if gap >= Self.probeNanoseconds, nanoseconds < expected / 2 {
        recent.window.removeAll(keepingCapacity: true)
        recent.next = 0
      }
      recent.lastServed = now
      if recent.window.count < Self.windowSize {
        recent.window.append(nanoseconds)
      } else {
        recent.window[recent.next % Self.windowSize] = nanoseconds
      }
      recent.next += 1
      guard recent.window.count >= Self.leastSamples else { return 0 }
      return recent.window.sorted()[recent.window.count / 2]
    }
    own.store(median, ordering: .relaxed)
    total.store(median + ahead, ordering: .relaxed)
  }

  /// Whether a frame due at `deadline` must be given up before work on it starts.
  ///
  /// - Parameter isIdle: this stage only passes the frame on.
  func isHopeless(deadline: MonotonicTime, now: MonotonicTime, isIdle: Bool) -> Bool {
    if now > deadline { return true }
    let left = deadline.nanoseconds(since: now)
    if left >= (isIdle ? 0 : own.load(ordering: .relaxed)) + ahead { return false }
    return recent.withLock { recent in
      guard let served = recent.lastServed else { return false }
      let last = max(served, recent.lastProbe ?? served)
      if now.nanoseconds(since: last) < Self.probeNanoseconds { return true }
      recent.lastProbe = now
      return false
    }
  }

  private var ahead: Int64 { successors.reduce(0) { max($0, $1.toFinish) } }
}
