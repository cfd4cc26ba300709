import EdgepipeCore
import Glibc

/// How a run is told to drain: by its control socket, then by signals.
struct DrainOrder {
  private let waitS: Double
  private var isTold = false
  private var next: MonotonicTime
  private var signals = [SIGTERM, SIGKILL]

  /// - Parameter waitS: from now to the first signal, and from it to the second.
  init(_ now: MonotonicTime, waitS: Double) {
    self.waitS = waitS
    next = now.advanced(byMilliseconds: waitS * 1000)
  }

  /// - Parameter tell: tells the run; false where it does not take it. Asked until it does.
  /// - Returns: the signal that is due now.
  mutating func due(at now: MonotonicTime, tell: () -> Bool) -> Int32? {
    if !isTold { isTold = tell() }
    guard now >= next, !signals.isEmpty else { return nil }
    next = now.advanced(byMilliseconds: waitS * 1000)
    return signals.removeFirst()
  }
}
