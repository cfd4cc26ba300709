package import EdgepipeCore

/// The last events of all pipelines, numbered, so that who reads them can go on where it stopped.
package final class EventLog: Sendable {
  package struct Entry: Sendable {
    package let number: Int
    package let pipeline: String
    package let members: [String: ReportValue]
  }

  private struct State {
    var entries: [Entry] = []
    var next = 1
  }

  /// Tells the numbers of this process from those of an earlier one.
  let epoch = String(SystemClock().wallTime().nanoseconds / 1_000_000, radix: 36)

  private let capacity: Int
  private let state = Monitor(State())

  init(capacity: Int = 2000) { self.capacity = capacity }

  /// - Parameter pipeline: empty for what is about the machine.
  func add(_ members: [String: ReportValue], of pipeline: String) {
    state.change { state in
      var members = members
      if !pipeline.isEmpty { members["pipeline"] = .string(pipeline) }
      // In one move for many: each shifts the whole list.
      if state.entries.count >= 2 * capacity { state.entries.removeFirst(capacity) }
      state.entries.append(Entry(number: state.next, pipeline: pipeline, members: members))
      state.next += 1
    }
  }

  /// The number of the newest entry; 0 where there is none.
  package var last: Int { state.withLock { $0.next - 1 } }

  /// Those behind `number` that are still there, the oldest first, and how many have gone. A number that is not reached
  /// yet was given by an earlier supervisor: all entries are behind it.
  package func entries(after number: Int, limit: Int) -> (entries: [Entry], lost: Int) {
    state.withLock { state in
      let last = state.next - 1, first = state.next - state.entries.count
      let known = (0...last).contains(number) ? number : 0
      guard known < last else { return ([], 0) }
      let from = max(known + 1, first)
      return (Array(state.entries[(from - first)...].prefix(max(0, limit))), from - known - 1)
    }
  }
}
