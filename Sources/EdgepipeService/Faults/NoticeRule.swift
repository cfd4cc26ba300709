import EdgepipeCore

/// When a notice goes out: the first of its kind at once, those that follow within a minute together as one.
struct NoticeRule: Sendable {
  static let pauseS = 60.0
  /// Of more kinds at a time, the longest known is forgotten.
  static let mostKinds = 1024

  /// The same thing of the same pipeline, stage and stream.
  struct Kind: Sendable, Hashable {
    let event, fault, pipeline, stage, stream: String
  }

  struct Due: Sendable, Hashable {
    let message: [String: ReportValue]
    /// How many it stands for.
    let count: Int
  }

  private struct State {
    var last: MonotonicTime
    var waiting: [String: ReportValue]?
    var count = 0
  }

  private var states: [Kind: State] = [:]

  /// - Returns: the notice, where it goes out now.
  mutating func add(_ message: [String: ReportValue], of kind: Kind, at now: MonotonicTime) -> Due? {
    guard var state = states[kind], now < state.last.advanced(byMilliseconds: Self.pauseS * 1000) else {
      if states.count >= Self.mostKinds, let oldest = states.min(by: { $0.value.last < $1.value.last })?.key {
        states[oldest] = nil
      }
      // One whose minute is over may still wait where sending takes long: this one stands for it.
      let count = (states[kind]?.count ?? 0) + 1
      states[kind] = State(last: now)
      return Due(message: message, count: count)
    }
    state.waiting = message
    state.count += 1
    states[kind] = state
    return nil
  }

  /// When to ask for ``due(at:)`` next; nil: when something was added.
  var next: MonotonicTime? {
    states.values.filter { $0.waiting != nil }.map(\.last).min()?.advanced(byMilliseconds: Self.pauseS * 1000)
  }

  /// What has waited for long enough, the oldest first.
  ///
  /// - Parameter isLast: there will be no other time: all that waits.
  mutating func due(at now: MonotonicTime, isLast: Bool = false) -> [Due] {
    let ready = states.filter { isLast || now >= $0.value.last.advanced(byMilliseconds: Self.pauseS * 1000) }
    var due: [Due] = []
    for (kind, state) in ready.sorted(by: { $0.value.last < $1.value.last }) {
      if let message = state.waiting {
        due.append(Due(message: message, count: state.count))
        states[kind] = State(last: now)
      } else {
        states[kind] = nil
      }
    }
    return due
  }
}
