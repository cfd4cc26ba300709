import EdgepipeCore
import Synchronization

/// What is true now, by topic: retained messages of which only the latest counts. They take no room in the spool; after each
/// connection all of them are published again.
final class StateBoard: Sendable {
  private struct State {
    var payloads: [String: [UInt8]] = [:]
    /// In the order in which they came first: an announcement stands before the states that it is about.
    var order: [String] = []
    var changed: Set<String> = []
    var leftOut = 0
  }

  static let mostTopics = 4096

  private let state = Mutex(State())

  /// Sets a topic's payload, by any thread. Of more topics than ``mostTopics`` the new ones are left out and counted.
  func set(_ topic: String, _ payload: [UInt8]) {
    state.withLock { state in
      if let old = state.payloads[topic] {
        if old == payload { return }
      } else if state.order.count < Self.mostTopics {
        state.order.append(topic)
      } else {
        state.leftOut += 1
        return
      }
      state.payloads[topic] = payload
      state.changed.insert(topic)
    }
  }

  func set(_ topic: String, _ payload: String) { set(topic, Array(payload.utf8)) }

  func contains(_ topic: String) -> Bool { state.withLock { $0.payloads[topic] != nil } }

  /// Publishes all of it again.
  func refresh() { state.withLock { $0.changed = Set($0.order) } }

  /// What has changed since the last call, in order.
  func takeChanges() -> [(topic: String, payload: [UInt8])] {
    state.withLock { state in
      if state.changed.isEmpty { return [] }
      defer { state.changed.removeAll() }
      return state.order.filter(state.changed.contains).compactMap { topic in
        state.payloads[topic].map { (topic, $0) }
      }
    }
  }

  var leftOut: Int { state.withLock { $0.leftOut } }
  var count: Int { state.withLock { $0.order.count } }
}
