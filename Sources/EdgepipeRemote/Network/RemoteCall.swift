import EdgepipeCore

/// A request on its way, between who waits for the answer and the lane that fetches it.
final class RemoteCall: Sendable {
  private struct State {
    var outcome: Result<InferAnswer, RemoteFailure>?
    var isAbandoned = false
  }
  private let state = Monitor(State())

  /// The answer is there.
  ///
  /// - Returns: false where nobody waits for it any more.
  func finish(_ outcome: Result<InferAnswer, RemoteFailure>) -> Bool {
    state.change { state in
      state.outcome = outcome
      return !state.isAbandoned
    }
  }

  /// Nobody will ask for the answer.
  func abandon() { state.withLock { $0.isAbandoned = true } }

  /// Waits for the answer.
  ///
  /// - Returns: nil when the limit came first; the answer is then dropped.
  func wait(until limit: MonotonicTime) -> Result<InferAnswer, RemoteFailure>? {
    if let outcome = state.wait(until: limit, for: { $0.outcome }) { return outcome }
    return state.withLock { state in
      state.isAbandoned = state.outcome == nil
      return state.outcome
    }
  }
}
