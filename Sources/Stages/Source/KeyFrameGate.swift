import Pipeline

/// Decides which packets of a live stream may be decoded and shown: after a loss none before the next key frame, because
/// each picture builds on those before it.
struct KeyFrameGate {
  private enum State {
    case open
    /// A new connection: pictures before its first key frame build on what was never received.
    case joining
    /// Something was lost.
    case damaged
  }

  private var state = State.joining
  private var since: MonotonicTime
  private var lastKey: MonotonicTime?
  /// The longest time from one key frame to the next so far, in nanoseconds.
  private var keyInterval: Int64 = 0
  private let patience: Int64

  /// - Parameter patienceS: how long to wait for a key frame at least, although nothing is lost any more.
  init(at now: MonotonicTime, patienceS: Double) {
    since = now
    patience = Int64(max(0, min(patienceS, 1e6)) * 1e9)
  }

  /// True while packets are left out because of a loss.
  var isDamaged: Bool { state == .damaged }

  /// Something was lost or came damaged: waits for the next key frame.
  mutating func lose(at now: MonotonicTime) {
    state = .damaged
    since = now
    lastKey = nil
  }

  /// Whether a whole packet may go to the decoder.
  mutating func admits(isKey: Bool, at now: MonotonicTime) -> Bool {
    if isKey {
      if let lastKey { keyInterval = max(keyInterval, now.nanoseconds(since: lastKey)) }
      lastKey = now
      state = .open
    } else if state == .joining, waited(at: now) {
      // A stream that marks no key frames (rolling refresh): the decoder itself must know when a picture is whole.
      state = .open
    }
    return state == .open
  }

  /// No key frame came for long although nothing was lost meanwhile: perhaps the codec has changed.
  func isHopeless(at now: MonotonicTime) -> Bool { state == .damaged && waited(at: now) }

  private func waited(at now: MonotonicTime) -> Bool {
    let (twice, overflow) = keyInterval.multipliedReportingOverflow(by: 2)
    return now.nanoseconds(since: since) > max(patience, overflow ? patience : twice)
  }
}
