import EdgepipeCore
import Synchronization

/// The account of one admitted frame: how many tokens of it are in the graph, and where it was first lost.
///
/// When the last token ends, its credit returns; and when no sink has yet to tell its fate, that goes to the ledger.
final class FrameTicket: Sendable {
  fileprivate struct State {
    var tokens = 1
    /// Sinks that have taken the frame over and will tell its fate.
    var untold = 0
    var loss: FrameFate?
    /// When the last token ended.
    var handedOver: MonotonicTime?
  }

  let header: FrameHeader
  /// The index of the source stage in the graph.
  let source: Int
  /// The frame by the stream's number in the run.
  let key: FrameKey
  private let state = Mutex(State())
  private let queueing = Atomic<Int64>(0)
  private let work = Atomic<Int64>(0)
  private let detected = Atomic<Bool>(false)
  private let account: any TicketAccount

  init(header: FrameHeader, source: Int, stream: Int = 0, account: any TicketAccount) {
    self.header = header
    self.source = source
    key = FrameKey(stream: stream, sequence: header.sequence)
    self.account = account
  }

  /// The frame goes on in `count` more places.
  func split(_ count: Int) {
    if count > 0 { state.withLock { $0.tokens += count } }
  }

  /// Remembers the first loss; later ones change nothing.
  func lose(_ fate: FrameFate) {
    state.withLock { if $0.loss == nil { $0.loss = fate } }
  }

  /// `count` tokens end, at a sink or in a join.
  func end(_ count: Int = 1) {
    let (isLast, closing) = state.withLock { state in
      state.tokens -= count
      if state.tokens == 0 { state.handedOver = account.now() }
      return (state.tokens == 0, state.closing)
    }
    if let closing { account.close(self, closing.fate, handedOver: closing.time) }
    if isLast { account.release(self) }
  }

  /// A sink will tell later what became of the frame. Called before its token ends.
  func awaitFate() { state.withLock { $0.untold += 1 } }

  /// A sink tells what became of the frame; nil: it was delivered.
  func tell(_ loss: FrameFate?) {
    let closing = state.withLock { state in
      state.untold -= 1
      if state.loss == nil { state.loss = loss }
      return state.closing
    }
    if let closing { account.close(self, closing.fate, handedOver: closing.time) }
  }

  func addQueueing(nanoseconds: Int64) { queueing.wrappingAdd(nanoseconds, ordering: .relaxed) }
  /// Time spent in queues so far, over all branches.
  var queueingNanoseconds: Int64 { queueing.load(ordering: .relaxed) }

  func addWork(nanoseconds: Int64) { work.wrappingAdd(nanoseconds, ordering: .relaxed) }
  /// Time that stages worked on the frame so far, over all branches.
  var workNanoseconds: Int64 { work.load(ordering: .relaxed) }

  func noteDetection() { detected.store(true, ordering: .relaxed) }
  /// Whether a detector looked at the frame.
  var wasDetected: Bool { detected.load(ordering: .relaxed) }
}

extension FrameTicket.State {
  /// The frame's fate, once everything about it is known.
  fileprivate var closing: (fate: FrameFate, time: MonotonicTime)? {
    guard tokens == 0, untold == 0, let handedOver else { return nil }
    return (loss ?? .delivered, handedOver)
  }
}

/// Where a frame's ticket is accounted for.
protocol TicketAccount: Sendable {
  func now() -> MonotonicTime
  /// Nothing of the frame is in the graph any more.
  func release(_ ticket: FrameTicket)
  /// Its fate is known. `handedOver` is when its last token ended, which is what its latency counts to.
  func close(_ ticket: FrameTicket, _ fate: FrameFate, handedOver: MonotonicTime)
}

/// A frame on its way, or the tombstone of one.
struct Token: QueueElement {
  let ticket: FrameTicket
  /// Nil: a tombstone.
  var frame: Frame?

  var isTombstone: Bool { frame == nil }
  var deadline: MonotonicTime? { ticket.header.deadline }
  var tombstone: Token { Token(ticket: ticket, frame: nil) }
  var streamKey: StreamShares.Key? { ObjectIdentifier(ticket.header.stream) }
  var isLive: Bool { ticket.header.stream.isLive }
}

/// What waits in front of a stage: a frame's token, or news of a stream in its place between the frames.
enum QueueItem: QueueElement {
  case token(Token)
  /// Rare, and large beside a token: kept apart, so that tokens move as two references.
  indirect case notice(HealthChange)

  var token: Token? { if case .token(let token) = self { token } else { nil } }
  var isTombstone: Bool { token?.isTombstone ?? true }
  var deadline: MonotonicTime? { token?.deadline }
  var tombstone: QueueItem { if case .token(let token) = self { .token(token.tombstone) } else { self } }
  var streamKey: StreamShares.Key? { token?.streamKey }
  var isLive: Bool { token?.isLive ?? false }
}
