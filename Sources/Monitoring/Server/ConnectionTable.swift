import NIOCore
import Synchronization

/// The open connections of a server: at most so many, and the one that has been silent for longest makes room for a new
/// one.
///
/// Refusing new ones would let a few hundred silent connections keep everybody out; a real client asks as soon as it is
/// connected and is never the one that has been silent for longest.
final class ConnectionTable: Sendable {
  private struct Entry {
    let channel: any Channel
    var isWaiting = true
    /// When it began to wait, as a count of such beginnings.
    var order: Int
  }

  private struct State {
    var entries: [ObjectIdentifier: Entry] = [:]
    var order = 0

    mutating func next() -> Int {
      order += 1
      return order
    }
  }

  let limit: Int
  private let state = Mutex(State())

  init(limit: Int) { self.limit = limit }

  /// - Returns: the connection to close for the new one: itself where all others are being answered; nil while there is
  ///   room.
  func open(_ channel: any Channel) -> (any Channel)? {
    state.withLock { state in
      var victim: (any Channel)?
      if state.entries.count >= limit {
        let silent = state.entries.filter { $0.value.isWaiting }.min { $0.value.order < $1.value.order }
        guard let silent else { return channel }
        state.entries[silent.key] = nil
        victim = silent.value.channel
      }
      state.entries[ObjectIdentifier(channel)] = Entry(channel: channel, order: state.next())
      return victim
    }
  }

  /// - Parameter isWaiting: for a request; else it is being answered.
  func note(_ channel: any Channel, isWaiting: Bool) {
    state.withLock { state in
      let order = state.next()
      state.entries[ObjectIdentifier(channel)]?.isWaiting = isWaiting
      state.entries[ObjectIdentifier(channel)]?.order = order
    }
  }

  func close(_ channel: any Channel) { state.withLock { $0.entries[ObjectIdentifier(channel)] = nil } }

  /// Asks all connections to end, those that are being answered after their response.
  func quiesce() {
    for entry in state.withLock({ Array($0.entries.values) }) {
      entry.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
  }

  var count: Int { state.withLock { $0.entries.count } }
}
