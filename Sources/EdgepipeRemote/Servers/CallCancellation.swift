import Synchronization

/// Ends calls to servers that somebody waits for. Any thread may cancel.
final class CallCancellation: Sendable {
  private struct State {
    var isCancelled = false
    var next = 0
    var actions: [Int: @Sendable () -> Void] = [:]
  }
  private let state = Mutex(State())

  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Ends what is under way, and what comes later.
  func cancel() {
    let actions = state.withLock { state in
      state.isCancelled = true
      defer { state.actions = [:] }
      return Array(state.actions.values)
    }
    for action in actions { action() }
  }

  /// Calls `action` once when cancelled, at once if that has happened.
  ///
  /// - Returns: a number for ``remove(_:)``.
  func onCancel(_ action: @escaping @Sendable () -> Void) -> Int {
    let (number, isCancelled) = state.withLock { state in
      state.next &+= 1
      if !state.isCancelled { state.actions[state.next] = action }
      return (state.next, state.isCancelled)
    }
    if isCancelled { action() }
    return number
  }

  func remove(_ number: Int) { state.withLock { _ = $0.actions.removeValue(forKey: number) } }
}
