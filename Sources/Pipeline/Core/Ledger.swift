import Synchronization

/// What became of an admitted frame.
public enum FrameFate: Sendable, Hashable {
  /// It reached every sink it was meant for.
  case delivered
  /// Lost on purpose, at the first place that lost it.
  case dropped(stage: String, reason: DropReason)
  /// Lost to an error.
  case failed(stage: String)
}

/// The closed account of a run: every admitted frame has exactly one fate, or is still in flight.
public final class Ledger: Sendable {
  public struct Place: Hashable, Sendable {
    public let stage: String
    public let reason: DropReason
  }

  public struct Account: Sendable {
    public fileprivate(set) var admitted = 0
    public fileprivate(set) var delivered = 0
    public fileprivate(set) var dropped: [Place: Int] = [:]
    public fileprivate(set) var failed: [String: Int] = [:]
    /// Counted by itself, where frames open and close, not as a difference.
    public fileprivate(set) var inFlight = 0

    public var droppedTotal: Int { dropped.values.reduce(0, +) }
    public var failedTotal: Int { failed.values.reduce(0, +) }
    public var isBalanced: Bool { admitted == delivered + droppedTotal + failedTotal + inFlight }
  }

  private let accounts = Mutex<[String: Account]>([:])

  public init() {}

  /// A frame of `stream` enters.
  func open(stream: String) {
    accounts.withLock { $0[stream, default: Account()].open() }
  }

  /// A frame of `stream` has met its fate.
  func close(stream: String, _ fate: FrameFate) {
    accounts.withLock { $0[stream, default: Account()].close(fate) }
  }

  /// The account of each stream.
  public var streams: [String: Account] { accounts.withLock { $0 } }

  /// The account of the whole run.
  public var total: Account {
    streams.values.reduce(into: Account()) { sum, account in
      sum.admitted += account.admitted
      sum.delivered += account.delivered
      sum.inFlight += account.inFlight
      sum.dropped.merge(account.dropped, uniquingKeysWith: +)
      sum.failed.merge(account.failed, uniquingKeysWith: +)
    }
  }
}

extension Ledger.Account {
  fileprivate mutating func open() {
    admitted += 1
    inFlight += 1
  }

  fileprivate mutating func close(_ fate: FrameFate) {
    inFlight -= 1
    switch fate {
    case .delivered: delivered += 1
    case .dropped(let stage, let reason): dropped[Ledger.Place(stage: stage, reason: reason), default: 0] += 1
    case .failed(let stage): failed[stage, default: 0] += 1
    }
  }
}
