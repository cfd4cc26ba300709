import EdgepipeCore

/// Whether a server gets requests: no more after several failures in a row, and again once a trial succeeds.
///
/// ```
/// closed --failures--> open --time--> trial --answer--> closed
///                        ^--------------|failure (twice as long)
/// ```
struct CircuitBreaker: Sendable {
  enum State: String, Sendable {
    case closed
    case open
    /// One request decides.
    case trial
  }

  struct Settings: Sendable {
    var failures = 3
    var firstS = 0.5
    /// Also how long a server that is back may wait for its first request.
    var longestS = 4.0
    /// The longest that a server can ask to be left alone.
    var longestPauseS = 60.0
  }

  private let settings: Settings
  private(set) var state = State.closed
  private(set) var failures = 0
  private(set) var openings = 0
  private var waitS: Double
  private var until: MonotonicTime?
  private var isTried = false
  /// When the failures began that have opened it.
  private(set) var since: MonotonicTime?

  init(_ settings: Settings = Settings()) {
    self.settings = settings
    waitS = settings.firstS
  }

  /// Whether the time for a trial has come.
  func isDue(at now: MonotonicTime) -> Bool { state == .open && until.map { now >= $0 } ?? true }

  /// A small request was answered: one real request may follow.
  mutating func allowTrial() {
    guard state == .open else { return }
    (state, isTried) = (.trial, false)
  }

  /// The small request was not answered.
  mutating func putOff(at now: MonotonicTime) {
    guard state == .open else { return }
    waitS = min(settings.longestS, waitS * 2)
    until = now.advanced(byMilliseconds: waitS * 1e3)
  }

  /// Takes leave for one request.
  mutating func takes() -> Bool {
    switch state {
    case .closed: return true
    case .open: return false
    case .trial:
      defer { isTried = true }
      return !isTried
    }
  }

  /// A request that had leave was never sent.
  mutating func giveBack() { isTried = false }

  /// - Returns: whether the server is back with it.
  mutating func succeeded() -> Bool {
    let isBack = state != .closed
    (state, failures, waitS, until, since) = (.closed, 0, settings.firstS, nil, nil)
    return isBack
  }

  /// - Parameters:
  ///   - begin: when the request began.
  ///   - isFinal: another attempt would fail as well.
  ///   - pauseS: for how long the server asks to be left alone; it gets nothing more until then.
  /// - Returns: whether the server is gone with it.
  mutating func failed(since begin: MonotonicTime, at now: MonotonicTime, isFinal: Bool, pauseS: Double? = nil) -> Bool
  {
    if since == nil { since = begin }
    failures += 1
    switch state {
    case .closed:
      guard isFinal || (pauseS ?? 0) > 0 || failures >= settings.failures else { return false }
      openings += 1
      (state, waitS) = (.open, isFinal ? settings.longestS : settings.firstS)
      until = now.advanced(byMilliseconds: max(waitS, min(settings.longestPauseS, pauseS ?? 0)) * 1e3)
      return true
    case .trial:
      state = .open
      putOff(at: now)
      return false
    case .open:
      return false
    }
  }
}
