import EdgepipeCore

/// What the requests to one server say of the way to it.
///
/// | figure | from |
/// |---|---|
/// | round trip | the smallest requests, which are sent only while there are no others |
/// | jitter | the mean difference of two times in a row: J += (\|D\| - J) / 16 (RFC 3550, section 6.4.1) |
/// | loss | the share of requests without an answer: each one counts 1/16, older ones less |
/// | bandwidth | bytes both ways by the time that they took beyond the round trip: at least that, since the server's own time is in it |
struct NetworkFigures: Sendable {
  private(set) var requests = DurationWindow()
  private(set) var roundTrips = DurationWindow()
  private(set) var jitterMs = 0.0
  private(set) var loss = 0.0
  /// Bits a second; nil before the first answer.
  private(set) var bandwidth: Double?
  private var lastMs: Double?
  /// The first request opens connections and has the server load what it needs, which the next one does not.
  private var isWarm = false
  private(set) var lastUse: MonotonicTime?

  /// A request was answered.
  mutating func answered(_ milliseconds: Double, bytes: Int, at now: MonotonicTime) {
    guard isWarm else {
      (isWarm, lastUse) = (true, now)
      return
    }
    requests.add(milliseconds, at: now)
    if let lastMs { jitterMs += (abs(milliseconds - lastMs) - jitterMs) / 16 }
    (lastMs, lastUse) = (milliseconds, now)
    loss -= loss / 16
    let trip = roundTrips.smallest(at: now) ?? 0
    let transfer = max(0.05, (requests.smallest(at: now) ?? milliseconds) - trip)
    bandwidth = Double(bytes) * 8 / (transfer / 1e3)
  }

  /// A request was not answered in the time that it had, which is the least that it would have taken.
  mutating func lost(after milliseconds: Double, at now: MonotonicTime) {
    requests.add(milliseconds, at: now)
    lost(at: now)
  }

  /// A request failed at once, which says nothing of what one takes.
  mutating func lost(at now: MonotonicTime) {
    lastUse = now
    loss += (1 - loss) / 16
  }

  /// One of the smallest requests.
  mutating func probed(_ milliseconds: Double, at now: MonotonicTime) { roundTrips.add(milliseconds, at: now) }

  /// The way is another one after it was gone.
  mutating func forget() {
    isWarm = false
    requests.removeAll()
    roundTrips.removeAll()
    lastMs = nil
  }
}
