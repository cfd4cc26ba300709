import EdgepipeCore

/// How many requests may be on their way to one server, by whether more of them still make it faster.
///
/// As TCP Vegas does (Brakmo and Peterson 1995): of `n` requests on their way, `n (1 - shortest / time)` wait somewhere. Where
/// fewer than two wait, one more may go; where more than four do, one less. A failure halves it.
struct InFlightLimit: Sendable {
  private static let fewWait = 2.0, manyWait = 4.0
  /// The shortest time is looked for anew: networks change.
  private static let baseSeconds = 10.0

  private let most: Int
  private(set) var limit: Int
  private var shortest = DurationMinimum(seconds: Self.baseSeconds)
  /// Answers since the last change: as many as are on their way, so that a change is seen before the next one.
  private var answers = 0

  init(most: Int) {
    self.most = max(1, most)
    limit = min(self.most, 4)
  }

  /// - Parameter isSaturated: answers waited for this machine's processors too, which says nothing of the server: fewer requests
  ///   would not make it faster.
  mutating func answered(_ milliseconds: Double, inFlight: Int, isSaturated: Bool = false, at now: MonotonicTime) {
    let shortest = shortest.add(milliseconds, at: now)
    answers += 1
    guard answers >= limit, milliseconds > 0 else { return }
    let waiting = Double(inFlight) * (1 - shortest / milliseconds)
    if waiting > Self.manyWait {
      guard !isSaturated else { return }
      limit = max(1, limit - 1)
    } else if waiting < Self.fewWait, inFlight >= limit {
      limit = min(most, limit + 1)
    } else {
      return
    }
    answers = 0
  }

  mutating func failed() {
    limit = max(1, limit / 2)
    answers = 0
  }
}

/// The smallest of the times of the last seconds, in two halves so that nothing is kept of each.
struct DurationMinimum: Sendable {
  private let halfNanoseconds: Int64
  private var current: Double?
  private var before: Double?
  private var since: MonotonicTime?

  init(seconds: Double) { halfNanoseconds = Int64(seconds / 2 * 1e9) }

  mutating func add(_ milliseconds: Double, at now: MonotonicTime) -> Double {
    if let since, now.nanoseconds(since: since) > halfNanoseconds {
      (before, current, self.since) = (current, nil, now)
    }
    if since == nil { since = now }
    let smallest = min(current ?? milliseconds, milliseconds)
    current = smallest
    return min(before ?? smallest, smallest)
  }
}
