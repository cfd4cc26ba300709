import Detectors
import Synchronization

/// Where one worker says that it waits for a model, and is freed from waiting.
final class InferenceSeat: Sendable {
  private struct State {
    var run = 0
    var isBusy = false
    var isStopped = false
    var stop: (any InferenceStop)?
  }
  private let state = Mutex(State())

  /// An inference begins.
  ///
  /// - Parameter stop: ends it; nil where the engine cannot.
  func begin(_ stop: (any InferenceStop)?) {
    state.withLock { state in
      state.run &+= 1
      state.isBusy = true
      state.stop = stop
    }
  }

  /// It is over.
  ///
  /// - Returns: whether it was stopped.
  func end() -> Bool {
    state.withLock { state in
      let wasStopped = state.isStopped
      if wasStopped { state.stop?.clear() }
      (state.isBusy, state.isStopped, state.stop) = (false, false, nil)
      return wasStopped
    }
  }

  /// The number of the inference under way.
  var run: Int? { state.withLock { $0.isBusy ? $0.run : nil } }

  /// Ends the inference under way, unless it is another one by now.
  ///
  /// - Returns: whether the engine was told to.
  func stop(_ run: Int) -> Bool {
    state.withLock { state in
      guard state.isBusy, state.run == run, let stop = state.stop else { return false }
      state.isStopped = true
      stop.stop()
      return true
    }
  }
}
