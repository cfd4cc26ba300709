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

    public init(stage: String, reason: DropReason) {
      self.stage = stage
      self.reason = reason
    }
  }

  public struct Account: Sendable {
    public fileprivate(set) var admitted = 0
    public fileprivate(set) var delivered = 0
    public fileprivate(set) var dropped: [Place: Int] = [:]
    public fileprivate(set) var failed: [String: Int] = [:]
    /// Counted by itself, where frames open and close, not as a difference.
    public fileprivate(set) var inFlight = 0

    public init() {}

    public var droppedTotal: Int { dropped.values.reduce(0, +) }
    public var failedTotal: Int { failed.values.reduce(0, +) }
    public var isBalanced: Bool { admitted == delivered + droppedTotal + failedTotal + inFlight }
  }

  /// One stream's account while the run goes on, with a lock of its own: it is written to twice for every frame.
  final class StreamAccount: Sendable {
    private let state = Mutex(Account())

    var current: Account { state.withLock { $0 } }

    /// A frame enters.
    func open() { state.withLock { $0.open() } }

    /// A frame has met its fate.
    func close(_ fate: FrameFate) { state.withLock { $0.close(fate) } }
  }

  private let accounts = Mutex<[String: StreamAccount]>([:])

  public init() {}

  /// Where the frames of `stream` are entered; the same account every time.
  func account(of stream: String) -> StreamAccount {
    accounts.withLock { accounts in
      if let account = accounts[stream] { return account }
      let account = StreamAccount()
      accounts[stream] = account
      return account
    }
  }

  /// The account of each stream that had a frame.
  public var streams: [String: Account] {
    accounts.withLock { $0 }.mapValues(\.current).filter { $0.value.admitted > 0 }
  }

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
