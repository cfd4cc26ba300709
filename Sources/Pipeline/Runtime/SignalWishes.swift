import EdgepipeCore
import Glibc

/// What each signal means, in the order in which they come.
///
/// `timeout`, `docker stop` through a wrapper and some supervisors send a process the signal that they send its group,
/// and so twice; a closing session sends SIGHUP and SIGTERM. What comes within a second of the first is the same wish.
struct SignalWishes {
  enum Meaning: Equatable {
    /// The wish to end.
    case end
    /// The same wish once more.
    case same
    /// The wish to end at once, whatever is lost.
    case endAtOnce
  }

  /// How long what comes after the first signal is the same wish.
  static let sameWishMs = 1000.0

  private var first: MonotonicTime?

  mutating func receive(_ signal: Int32, at now: MonotonicTime) -> Meaning {
    guard let first else {
      self.first = now
      return .end
    }
    // The kernel repeats this one every second, by itself.
    if signal == SIGXCPU { return .same }
    return now.nanoseconds(since: first) < Int64(Self.sameWishMs * 1e6) ? .same : .endAtOnce
  }
}
