import EdgepipeCore
import Glibc
import Pipeline

/// The connection to a run's control socket: made again when it is lost, kept alive, and read.
struct RunContact: ~Copyable {
  private let socket: String
  private var client: ControlClient?
  private var lastAnswer: MonotonicTime
  private var nextContact: MonotonicTime
  private(set) var hasAnswered = false

  init(_ socket: String, _ now: MonotonicTime) {
    self.socket = socket
    (lastAnswer, nextContact) = (now, now)
  }

  var isConnected: Bool { client != nil }

  func silentForS(at now: MonotonicTime) -> Double { Double(now.nanoseconds(since: lastAnswer)) / 1e9 }

  /// Tells the run that its supervisor is there, where that is due, and reads what has come.
  ///
  /// - Parameter milliseconds: how long to wait for a message.
  mutating func look(at now: MonotonicTime, everyS: Double, milliseconds: Double) -> [[String: ReportValue]] {
    do throws(PipelineError) {
      let client: ControlClient
      if let open = self.client { client = open } else { client = try connect() }
      self.client = client
      if now >= nextContact {
        _ = try client.ask("supervise")
        hasAnswered = true
        lastAnswer = SystemClock().now()
        nextContact = now.advanced(byMilliseconds: everyS * 1000)
      }
      var messages: [[String: ReportValue]] = [], wait = milliseconds
      // A run that says more than this between two looks is read on at the next one.
      while messages.count < 1000 {
        switch client.next(milliseconds: wait) {
        case .message(let value): if case .object(let members) = value { messages.append(members) }
        case .nothing: return messages
        case .ended:
          self.client = nil
          return messages
        }
        wait = 0
      }
      return messages
    } catch {
      client = nil
      nextContact = now
      return []
    }
  }

  /// - Returns: false where the run does not take it.
  func drain() -> Bool {
    guard let client else { return false }
    return (try? client.ask("drain")) != nil
  }

  private func connect() throws(PipelineError) -> ControlClient {
    let client = try ControlClient(path: socket, patienceMs: 10_000)
    _ = try client.ask("subscribe", ["topics": .list(["health", "events", "figures"].map { .string($0) })])
    return client
  }
}

/// How a run is told to drain: by its control socket, then by signals.
struct DrainOrder {
  private let waitS: Double
  private var isTold = false
  private var next: MonotonicTime
  private var signals = [SIGTERM, SIGKILL]

  init(_ now: MonotonicTime, waitS: Double) {
    self.waitS = waitS
    next = now.advanced(byMilliseconds: waitS * 1000)
  }

  /// - Returns: the signal that is due now.
  mutating func due(at now: MonotonicTime, contact: borrowing RunContact) -> Int32? {
    if !isTold { isTold = contact.drain() }
    guard now >= next, !signals.isEmpty else { return nil }
    next = now.advanced(byMilliseconds: waitS * 1000)
    return signals.removeFirst()
  }
}
