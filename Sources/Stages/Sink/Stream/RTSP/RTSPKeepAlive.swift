import EdgepipeCore

/// When a server to which pictures are sent is asked something: some end a session in which nobody asks, and one that
/// has answered before and does so no more is frozen, which otherwise shows only when all buffers on the way are full.
struct RTSPKeepAlive {
  private static let interval: Int64 = 25_000_000_000
  private static let patience: Int64 = 10_000_000_000

  private var last: MonotonicTime
  private var pending: (sequence: Int, since: MonotonicTime)?
  private var hasAnswered = false

  init(_ now: MonotonicTime) { last = now }

  func isDue(_ now: MonotonicTime) -> Bool { now.nanoseconds(since: last) >= Self.interval }

  mutating func ask(_ sequence: Int, _ now: MonotonicTime) {
    last = now
    pending = (sequence, now)
  }

  /// - Parameter sequence: that of an answer.
  mutating func answer(_ sequence: String?) {
    guard let pending, sequence == String(pending.sequence) else { return }
    self.pending = nil
    hasAnswered = true
  }

  func isFrozen(_ now: MonotonicTime) -> Bool {
    guard hasAnswered, let pending else { return false }
    return now.nanoseconds(since: pending.since) >= Self.patience
  }
}
