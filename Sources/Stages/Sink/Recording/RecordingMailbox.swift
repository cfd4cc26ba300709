import EdgepipeCore

/// How the writing thread of a recording sink is woken, and told to end. Thread-safe.
final class RecordingMailbox: Sendable {
  private struct Mail {
    var isWoken = false
    var isFinishing = false
    var arrived: [StreamPackets] = []
  }

  private let mail = Monitor(Mail())

  /// There is something to do.
  func wake() { mail.change { $0.isWoken = true } }

  /// A stream has begun.
  func add(_ packets: StreamPackets) {
    mail.change {
      $0.arrived.append(packets)
      $0.isWoken = true
    }
  }

  /// Everything that will come has come.
  func finish() { mail.change { ($0.isFinishing, $0.isWoken) = (true, true) } }

  /// Waits for the next wake, at most until `limit`.
  func next(until limit: MonotonicTime) -> (arrived: [StreamPackets], isFinishing: Bool) {
    let take = { (mail: inout Mail) -> (arrived: [StreamPackets], isFinishing: Bool)? in
      guard mail.isWoken else { return nil }
      mail.isWoken = false
      defer { mail.arrived = [] }
      return (mail.arrived, mail.isFinishing)
    }
    return mail.wait(until: limit, for: take) ?? ([], false)
  }
}
