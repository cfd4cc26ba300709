import EdgepipeCore

/// Decides which packets of a live stream may be decoded and shown: after a loss none before the next key frame, because
/// each picture builds on those before it.
struct KeyFrameGate {
  enum Loss {
    /// Something did not come, or came damaged.
    case missing
    /// The decoder refused what came whole.
    case refused
  }

  private enum State {
    case open
    /// A new connection: pictures before its first key frame build on what was never received.
    case joining
    case damaged(Loss)
  }

  private var state = State.joining
  private var since: MonotonicTime
  private var lastKey: MonotonicTime?
  /// The longest time from one key frame to the next so far, in nanoseconds.
  private var keyInterval: Int64 = 0
  private let patience: Int64

  /// A connection that only waits for a key frame may wait for so many times as long as one that gives nothing at all.
  private static let keyFramePatience = 3.0

  /// - Parameter patienceS: how long to wait for the first key frame of a stream that may mark none.
  init(at now: MonotonicTime, patienceS: Double) {
    since = now
    patience = Int64(max(0, min(patienceS, 1e6)) * 1e9)
  }

  /// True while packets are left out because of a loss.
  var isDamaged: Bool { if case .damaged = state { true } else { false } }

  /// True while no packet but a key frame may go to the decoder.
  var isWaiting: Bool { if case .open = state { false } else { true } }

  /// Something was lost or came damaged: waits for the next key frame.
  mutating func lose(_ loss: Loss = .missing, at now: MonotonicTime) {
    state = .damaged(loss)
    since = now
  }

  /// A key frame came, whole or not: tells how far they are apart.
  mutating func noteKey(at now: MonotonicTime) {
    if let lastKey { keyInterval = max(keyInterval, now.nanoseconds(since: lastKey)) }
    lastKey = now
  }

  /// Whether a whole packet may go to the decoder.
  mutating func admits(isKey: Bool, at now: MonotonicTime) -> Bool {
    if isKey {
      state = .open
    } else if case .joining = state, now.nanoseconds(since: since) > max(patience, twiceTheInterval) {
      // A stream that marks no key frames (rolling refresh): the decoder itself must know when a picture is whole.
      state = .open
    }
    return !isWaiting
  }

  /// How many seconds a connection over which packets come may stay without a picture, where one over which nothing
  /// comes has `stallS`: key frames may be far apart, but a stream that marks none, or whose codec has changed, never
  /// gets any better.
  ///
  /// - Parameter hasShown: whether the connection has given pictures.
  func patienceS(stallS: Double, hasShown: Bool) -> Double {
    let forKeyFrame = max(stallS * Self.keyFramePatience, Double(twiceTheInterval) / 1e9)
    return switch state {
    case .open: stallS
    case .joining: forKeyFrame
    case .damaged(.refused): lastKey == nil ? forKeyFrame : stallS
    case .damaged(.missing): lastKey == nil && hasShown ? stallS : forKeyFrame
    }
  }

  private var twiceTheInterval: Int64 {
    let (twice, overflow) = keyInterval.multipliedReportingOverflow(by: 2)
    return overflow ? .max : twice
  }
}
