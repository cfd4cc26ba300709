import EdgepipeCore

/// Whether frames wait for a server, rather than take processor time here that the frames on their way to it need.
///
/// While the processors are full, an inference here is paid for by decoding and sending less. So frames wait for the server, and
/// where the processors stay full, that was right: they limit the rate, and each frame takes as little of them as it can.
/// Where they do not, the server limits it, and what this machine has left is used again until the next attempt.
struct ProcessorSparing: Sendable {
  static let full = 0.9, idle = 0.8
  /// As long as it takes until the share of the time before has left the figure.
  private static let settleS = 0.6
  private static let firstPauseS = 2.0, longestPauseS = 16.0

  private var since: MonotonicTime?
  private var notBefore: MonotonicTime?
  private var pauseS = Self.firstPauseS

  var isOn: Bool { since != nil }

  /// - Parameters:
  ///   - prefersCloud: a server does more frames a second.
  ///   - load: 0 to 1, see ``ProcessLoad/share``.
  mutating func look(prefersCloud: Bool, load: Double, at now: MonotonicTime) {
    guard prefersCloud else {
      since = nil
      return
    }
    guard let since else {
      if load >= Self.full, notBefore.map({ now >= $0 }) ?? true { since = now }
      return
    }
    let seconds = Double(now.nanoseconds(since: since)) / 1e9
    guard seconds >= Self.settleS else { return }
    if load < Self.idle {
      self.since = nil
      notBefore = now.advanced(byMilliseconds: pauseS * 1e3)
      pauseS = min(Self.longestPauseS, pauseS * 2)
    } else if seconds > Self.firstPauseS {
      pauseS = Self.firstPauseS
    }
  }
}
