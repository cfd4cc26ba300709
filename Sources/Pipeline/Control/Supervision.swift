package import EdgepipeCore
import Synchronization

/// Whether a supervisor still watches a run that must not go on without one.
package final class Supervision: Sendable {
  /// How long a run goes on alone, unless its supervisor says otherwise.
  package static let usualLimitS = 60.0
  static let limits = 1.0...3600

  private struct State {
    var last: MonotonicTime
    var limitS: Double
  }

  private let clock: any PipelineClock
  private let state: Mutex<State>

  /// The first limit counts from here.
  package init(limitS: Double = usualLimitS, clock: any PipelineClock = SystemClock()) {
    self.clock = clock
    state = Mutex(State(last: clock.now(), limitS: limitS))
  }

  /// A supervisor is there.
  ///
  /// - Parameter limitS: how long the run may go on alone from now on; nil: as before.
  func contact(limitS: Double?) {
    let now = clock.now()
    state.withLock { state in
      state.last = now
      if let limitS { state.limitS = limitS }
    }
  }

  /// For how many seconds no supervisor has been there, once that is too long; else nil.
  package var lostForS: Double? {
    let now = clock.now()
    return state.withLock { state in
      let seconds = Double(now.nanoseconds(since: state.last)) / 1e9
      return seconds > state.limitS ? seconds : nil
    }
  }
}
