import EdgepipeCore
import Synchronization

/// One server with all that is known of the way to it: whether it gets requests, how many, and how long they will take.
/// Safe to use from any thread.
final class WatchedServer: Sendable {
  /// What its requests came to.
  struct Counts: Sendable {
    var answered = 0
    var late = 0
    var failed = 0
    var sentBytes = 0
    var receivedBytes = 0
    var probes = 0
    var returns = 0
    /// Bytes by the bandwidth of their time: how long the line was busy with them, at most.
    var lineSeconds = 0.0
  }

  /// What a change of state is told with.
  enum Change: Sendable {
    case gone(RemoteFailure, since: MonotonicTime)
    case back
  }

  struct Snapshot: Sendable {
    var name: String
    var state: CircuitBreaker.State
    var figures: NetworkFigures
    var limit: Int
    var inFlight: Int
    var openings: Int
    var counts: Counts
    var lastFailure: RemoteFailure?
  }

  private struct State {
    var figures = NetworkFigures()
    var breaker: CircuitBreaker
    var limit: InFlightLimit
    var inFlight = 0
    var counts = Counts()
    var lastFailure: RemoteFailure?
    var isProbed = false
    /// Whether the model there is known to be the right one.
    var isChecked = false
  }

  let server: any InferenceServer
  private let state: Mutex<State>

  init(_ server: any InferenceServer, most: Int, breaker: CircuitBreaker.Settings = .init()) {
    self.server = server
    state = Mutex(State(breaker: CircuitBreaker(breaker), limit: InFlightLimit(most: most)))
  }

  var name: String { server.name }

  var isUsable: Bool { state.withLock { $0.breaker.state != .open } }

  var isChecked: Bool { state.withLock { $0.isChecked } }

  func noteChecked() { state.withLock { $0.isChecked = true } }

  /// A place among the requests on their way.
  ///
  /// - Returns: whether there was one. Then ``end(_:began:at:)`` follows.
  func begin() -> Bool {
    state.withLock { state in
      guard state.isChecked, state.inFlight < state.limit.limit, state.breaker.takes() else { return false }
      state.inFlight += 1
      return true
    }
  }

  /// A request that had a place was never sent.
  func giveBack() {
    state.withLock { state in
      state.inFlight -= 1
      state.breaker.giveBack()
    }
  }

  /// The request is over.
  ///
  /// - Parameter isSaturated: this machine's processors were busy meanwhile.
  /// - Returns: whether the server is gone, or back, with it.
  func end(
    _ outcome: Result<InferAnswer, RemoteFailure>, began: MonotonicTime, at now: MonotonicTime,
    isSaturated: Bool = false
  ) -> Change? {
    let milliseconds = Double(now.nanoseconds(since: began)) / 1e6
    return state.withLock { state in
      defer { state.inFlight -= 1 }
      switch outcome {
      case .success(let answer):
        state.counts.answered += 1
        state.counts.sentBytes += answer.sentBytes
        state.counts.receivedBytes += answer.receivedBytes
        state.figures.answered(milliseconds, bytes: answer.sentBytes + answer.receivedBytes, at: now)
        if let bandwidth = state.figures.bandwidth, bandwidth > 0 {
          state.counts.lineSeconds += Double(answer.sentBytes + answer.receivedBytes) * 8 / bandwidth
        }
        state.limit.answered(milliseconds, inFlight: state.inFlight, isSaturated: isSaturated, at: now)
        guard state.breaker.succeeded() else { return nil }
        state.counts.returns += 1
        return .back
      case .failure(let failure):
        return Self.note(failure, milliseconds, began, now, &state)
      }
    }
  }

  private static func note(
    _ failure: RemoteFailure, _ milliseconds: Double, _ began: MonotonicTime, _ now: MonotonicTime,
    _ state: inout State
  ) -> Change? {
    state.lastFailure = failure
    switch failure.kind {
    case .cancelled:
      // Nobody's fault.
      state.breaker.giveBack()
      return nil
    case .late:
      state.counts.late += 1
      state.figures.lost(after: milliseconds, at: now)
    default:
      state.counts.failed += 1
      if failure.kind == .unreachable { state.figures.lost(at: now) }
    }
    state.limit.failed()
    let isGone = state.breaker.failed(since: began, at: now, isFinal: failure.kind.isFinal, pauseS: failure.retryAfterS)
    guard isGone else { return nil }
    // The server that comes back may have another model.
    state.isChecked = failure.kind == .late || failure.kind == .busy ? state.isChecked : false
    return .gone(failure, since: state.breaker.since ?? began)
  }

  // MARK: Probes

  /// Whether the smallest request should be sent now: while there are no others, or to learn whether it is back.
  func takesProbe(idleSeconds: Double, at now: MonotonicTime) -> Bool {
    state.withLock { state in
      guard !state.isProbed else { return false }
      let isDue: Bool
      switch state.breaker.state {
      case .open: isDue = state.breaker.isDue(at: now)
      case .trial, .closed:
        let last = [state.figures.lastUse, state.figures.roundTrips.last].compactMap { $0 }.max()
        isDue =
          state.inFlight == 0 && last.map { Double(now.nanoseconds(since: $0)) / 1e9 >= idleSeconds } ?? true
      }
      state.isProbed = isDue
      return isDue
    }
  }

  /// - Parameter failure: nil where it was answered, and the model is the right one.
  func endProbe(_ failure: RemoteFailure?, began: MonotonicTime, at now: MonotonicTime) -> Change? {
    state.withLock { state in
      state.isProbed = false
      state.counts.probes += 1
      guard let failure else {
        state.figures.probed(Double(now.nanoseconds(since: began)) / 1e6, at: now)
        if state.breaker.state == .open {
          state.figures.forget()
          state.isChecked = true
          state.breaker.allowTrial()
        } else if state.breaker.state == .trial, state.inFlight == 0, state.breaker.succeeded() {
          // Nobody had a request to try it with since the last probe.
          state.counts.returns += 1
          return .back
        }
        return nil
      }
      if failure.kind == .cancelled { return nil }
      state.lastFailure = failure
      if state.breaker.state == .open {
        state.breaker.putOff(at: now)
        return nil
      }
      return state.breaker.failed(since: began, at: now, isFinal: failure.kind.isFinal)
        ? .gone(failure, since: state.breaker.since ?? began) : nil
    }
  }

  // MARK: Forecasts

  /// Whether so few requests were answered lately that forecasts say little.
  var isNew: Bool { state.withLock { $0.figures.requests.count < 3 } }

  /// What the next request will take, and how many are on their way already.
  func forecast(_ quantile: Double, at now: MonotonicTime) -> Double? {
    state.withLock { $0.figures.requests.quantile(quantile, at: now) }
  }

  /// Requests on their way by what one takes: the one with less is better.
  func load(at now: MonotonicTime) -> Double {
    state.withLock {
      // What fails at once is not fast; what nobody knows yet is tried.
      Double($0.inFlight + 1) * Double($0.breaker.failures + 1) * ($0.figures.requests.quantile(0.5, at: now) ?? 0.01)
    }
  }

  var hasRoom: Bool {
    state.withLock { $0.isChecked && $0.breaker.state != .open && $0.inFlight < $0.limit.limit }
  }

  /// How many may be on their way at once now.
  var limit: Int { state.withLock { $0.limit.limit } }

  var snapshot: Snapshot {
    state.withLock { state in
      Snapshot(
        name: name, state: state.breaker.state, figures: state.figures, limit: state.limit.limit,
        inFlight: state.inFlight, openings: state.breaker.openings, counts: state.counts,
        lastFailure: state.lastFailure)
    }
  }
}

extension RemoteFailure.Kind {
  /// Whether another attempt at the same server would fail as well.
  var isFinal: Bool {
    switch self {
    case .refused, .mismatch, .unsafe: true
    case .unreachable, .late, .cancelled, .busy, .failed, .malformed: false
    }
  }
}
