import EdgepipeCore

/// The limit on frames in flight: a credit stands for a slot in every pool that a frame will need.
///
/// Since nobody waits for a pool later on, workers and reordering cannot deadlock on memory.
final class CreditGate: Sendable {
  private struct State {
    var limit: Int
    var free: Int
    var isClosed = false

    init(limit: Int) {
      self.limit = limit
      free = limit
    }
  }

  private let monitor: Monitor<State>

  init(limit: Int) { monitor = Monitor(State(limit: max(1, limit))) }

  var limit: Int { monitor.withLock { $0.limit } }

  /// Credits that are out stay out, also where they are more than the new limit allows.
  func change(limit: Int) {
    monitor.change { state in
      state.free += max(1, limit) - state.limit
      state.limit = max(1, limit)
    }
  }

  /// Waits for a credit; false once the gate is closed.
  func take() -> Bool {
    monitor.wait { state -> Bool? in
      if state.isClosed { return false }
      guard state.free > 0 else { return nil }
      state.free -= 1
      return true
    }
  }

  /// A credit if one is free now.
  func tryTake() -> Bool {
    monitor.withLock { state in
      guard !state.isClosed, state.free > 0 else { return false }
      state.free -= 1
      return true
    }
  }

  func giveBack() { monitor.change { $0.free += 1 } }

  /// Admits nobody any more and wakes who waits.
  func close() { monitor.change { $0.isClosed = true } }

  /// Credits taken and not given back.
  var taken: Int { monitor.withLock { $0.limit - $0.free } }
}
