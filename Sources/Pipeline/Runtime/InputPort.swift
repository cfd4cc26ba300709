import EdgepipeCore
import Synchronization

/// Frames on one link: pushed = taken + dropped, once nothing waits any more.
public struct LinkAccount: Sendable, Hashable {
  public internal(set) var from: String
  public internal(set) var to: String
  public internal(set) var pushed = 0
  public internal(set) var taken = 0
  public internal(set) var dropped = 0

  public var isBalanced: Bool { pushed == taken + dropped }
}

/// The account of one link while the run goes on: counted for every frame, and so without a lock.
final class LinkCounter: Sendable {
  let from: String
  let pushed = Atomic<Int>(0)
  let taken = Atomic<Int>(0)
  let dropped = Atomic<Int>(0)

  init(from: String) { self.from = from }

  func account(to: String) -> LinkAccount {
    LinkAccount(
      from: from, to: to, pushed: pushed.load(ordering: .relaxed), taken: taken.load(ordering: .relaxed),
      dropped: dropped.load(ordering: .relaxed))
  }
}

/// What a port is made for.
struct PortSite {
  let stage: String
  /// The stage's place in the plan.
  let index: Int
  /// The ids of the stages that feed this one, one link each.
  let upstream: [String]
  /// For each source's index, the links on which its frames arrive; several are joined.
  let linksBySource: [Int: [Int]]
  let capacity: Int
  let policy: OverflowPolicy?
  /// Whether a join comes later; without one, nobody waits for a lost frame and it ends here.
  let keepsTombstones: Bool
}

/// Where a stage's frames arrive: joins branches of one frame, queues, and counts what the queue gives up.
final class InputPort: Sendable {
  private struct State {
    var join = JoinState()
    var openLinks: Int
    var notices = 0
  }

  private static let noticeLimit = 1024

  private let stage: String
  /// The stage's place in the plan.
  private let index: Int
  /// Frames that may wait.
  let capacity: Int
  /// By the source's index; empty for sources that do not lead here.
  private let linksBySource: [[Int]]
  private let keepsTombstones: Bool
  private let run: RunContext
  private let queue: any ItemQueue
  private let metrics: StageMetrics
  private let links: [LinkCounter]
  private let state: Mutex<State>

  init(_ site: PortSite, run: RunContext, metrics: StageMetrics, progress: ReplayProgress) {
    stage = site.stage
    index = site.index
    capacity = site.capacity
    linksBySource = (0..<(site.linksBySource.keys.max() ?? -1) + 1).map { site.linksBySource[$0] ?? [] }
    self.run = run
    self.metrics = metrics
    if let trace = run.journal.trace {
      // Every later stage must learn of a frame that will not come, since it may be the next one in the trace.
      keepsTombstones = true
      queue = ReplayQueue(trace.stages[index] ?? Trace.StageScript(), clock: run.clock, progress: progress)
    } else {
      keepsTombstones = site.keepsTombstones
      queue = BoundedQueue(
        capacity: capacity, policy: site.policy, keepsTombstones: keepsTombstones, clock: run.clock)
    }
    links = site.upstream.map(LinkCounter.init)
    state = Mutex(State(openLinks: links.count))
  }

  func push(_ token: Token, link: Int) {
    guard let ready = arrive(token, link: link, expected: linksBySource[token.ticket.source].count) else { return }
    if ready.isTombstone {
      guard keepsTombstones else { return ready.ticket.end() }
    } else {
      metrics.countArrival()
    }
    if let trace = run.journal.trace, !ready.isTombstone, loseAsRecorded(ready, trace) { return }
    if let dropped = queue.push(.token(ready), note) { account(dropped) }
  }

  /// Puts news of a stream between its frames. News takes no room; a stage that hangs gets no more of it.
  func push(_ change: HealthChange) {
    let isWelcome = state.withLock { state in
      guard state.notices < Self.noticeLimit else { return false }
      state.notices += 1
      return true
    }
    if isWelcome {
      _ = queue.push(.notice(change), note)
    } else {
      metrics.update { $0.counters["notices_lost", default: 0] += 1 }
    }
  }

  func pop() -> QueueState<QueueItem>.Popped? {
    guard let popped = queue.pop({ if let recorder = run.journal.recorder { record($0, recorder) } }) else {
      return nil
    }
    switch popped.element {
    case .token(let token): if !token.isTombstone { count(token, .taken) }
    case .notice: state.withLock { $0.notices = max(0, $0.notices - 1) }
    }
    return popped
  }

  /// A frame that was taken out is given up before work on it has begun.
  func noteLoss(_ ticket: FrameTicket, _ reason: DropReason) {
    queue.noteLoss(ObjectIdentifier(ticket.header.stream))
    run.journal.recorder?.append(.lost(stage: index, ticket.key, reason, afterTaking: true))
  }

  /// One link will bring nothing more; after the last, the queue is finished.
  func closeLink() {
    let last = state.withLock { state in
      state.openLinks -= 1
      return state.openLinks == 0
    }
    if last { queue.close() }
  }

  /// Gives up everything that waits; producers that wait for room go on.
  func abort() { queue.abort(note).forEach(account) }

  var depth: (now: Int, highest: Int) { queue.depth }
  var accounts: [LinkAccount] { links.map { $0.account(to: stage) } }

  /// Joins where needed; nil while branches are missing.
  private func arrive(_ token: Token, link: Int, expected: Int) -> Token? {
    if !token.isTombstone { links[link].pushed.wrappingAdd(1, ordering: .relaxed) }
    if expected <= 1 { return token }
    let arrival = state.withLock { $0.join.arrive(token, link: link, expected: expected) }
    guard case .complete(let ready, let arrived, let carriers) = arrival else { return nil }
    if ready.isTombstone {
      for carrier in carriers { links[carrier].dropped.wrappingAdd(1, ordering: .relaxed) }
    }
    if arrived > 1 { ready.ticket.end(arrived - 1) }
    return ready
  }

  /// A frame gets its fate before its tombstone can end somewhere.
  private func note(_ dropped: QueueState<QueueItem>.Dropped) {
    guard let token = dropped.element.token else { return }
    token.ticket.lose(.dropped(stage: stage, reason: dropped.reason))
    run.journal.recorder?.append(.lost(stage: index, token.ticket.key, dropped.reason, afterTaking: false))
  }

  private func account(_ dropped: QueueState<QueueItem>.Dropped) {
    guard let token = dropped.element.token else { return }
    metrics.drop(dropped.reason)
    run.instruments.spans?.note(
      loss: token.ticket.key, stage: stage, reason: dropped.reason.rawValue, at: run.clock.now())
    count(token, .dropped)
    if !keepsTombstones { token.ticket.end() }
  }

  private func record(_ popped: QueueState<QueueItem>.Popped, _ recorder: TraceRecorder) {
    switch popped.element {
    case .token(let token):
      if !token.isTombstone { recorder.append(.taken(stage: index, token.ticket.key)) }
    case .notice(let change): recorder.append(.notice(stage: index, change))
    }
  }

  /// Gives up a frame that the recorded run gave up here, or of which it says nothing more.
  private func loseAsRecorded(_ token: Token, _ trace: Trace) -> Bool {
    let reason: DropReason, wasTaken: Bool
    switch trace.stages[index]?.fates[token.ticket.key] {
    case .taken: return false
    case .lost(let recorded, let afterTaking): (reason, wasTaken) = (recorded, afterTaking)
    case nil: (reason, wasTaken) = (.unrecorded, false)
    }
    token.ticket.lose(.dropped(stage: stage, reason: reason))
    metrics.drop(reason)
    count(token, wasTaken ? .taken : .dropped)
    _ = queue.push(.token(token.tombstone), note)
    return true
  }

  /// Counts the frame on every link over which it came.
  private func count(_ token: Token, _ kind: CountKind) {
    for link in linksBySource[token.ticket.source] {
      switch kind {
      case .taken: links[link].taken.wrappingAdd(1, ordering: .relaxed)
      case .dropped: links[link].dropped.wrappingAdd(1, ordering: .relaxed)
      }
    }
  }

  private enum CountKind { case taken, dropped }
}
