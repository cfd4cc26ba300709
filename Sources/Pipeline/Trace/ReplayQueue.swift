import DequeModule
import EdgepipeCore
import Synchronization

/// What stands in front of a stage: a ``BoundedQueue``, or in a replay a ``ReplayQueue``.
protocol ItemQueue: Sendable {
  func push(_ item: QueueItem, _ note: (QueueState<QueueItem>.Dropped) -> Void) -> QueueState<QueueItem>.Dropped?
  func pop(_ note: (QueueState<QueueItem>.Popped) -> Void) -> QueueState<QueueItem>.Popped?
  func noteLoss(_ key: StreamShares.Key?)
  func close()
  func abort(_ note: (QueueState<QueueItem>.Dropped) -> Void) -> [QueueState<QueueItem>.Dropped]
  var depth: (now: Int, highest: Int) { get }
}

extension BoundedQueue: ItemQueue where Element == QueueItem {}

/// Watches over a replay: where every stage waits for a frame that cannot come, the trace was never that of a run.
final class ReplayProgress: Sendable {
  /// Longer than any stage takes for a frame.
  static let standardPatienceMs = 60_000.0

  let patienceMs: Double
  private let steps = Atomic<Int>(0)
  private let whenStuck: @Sendable () -> Void

  init(patienceMs: Double = standardPatienceMs, whenStuck: @escaping @Sendable () -> Void) {
    self.patienceMs = patienceMs
    self.whenStuck = whenStuck
  }

  var count: Int { steps.load(ordering: .relaxed) }
  func advance() { steps.wrappingAdd(1, ordering: .relaxed) }
  func reportStuck() { whenStuck() }
}

/// Gives a stage its frames and its news of streams in the order of a trace, whenever they come.
///
/// It never refuses a frame: the limit on frames in flight bounds it. Tombstones go at once. A frame that is lost before
/// its turn, which only a run that differs from the recorded one can bring about, is passed over.
final class ReplayQueue: ItemQueue {
  private struct State {
    var next = 0
    var waiting: [FrameKey: (item: QueueItem, enqueued: MonotonicTime)] = [:]
    var gone: Set<FrameKey> = []
    var tombstones = Deque<QueueItem>()
    var popped = 0
    var highest = 0
    var isClosed = false
    var isAborted = false
  }

  private let script: Trace.StageScript
  private let clock: any PipelineClock
  private let progress: ReplayProgress
  private let monitor = Monitor(State())

  init(_ script: Trace.StageScript, clock: any PipelineClock, progress: ReplayProgress) {
    self.progress = progress
    self.script = script
    self.clock = clock
  }

  func push(_ item: QueueItem, _ note: (QueueState<QueueItem>.Dropped) -> Void) -> QueueState<QueueItem>.Dropped? {
    // News comes from the trace, at its place.
    guard let token = item.token else { return nil }
    return monitor.change { state in
      if token.isTombstone || state.isAborted {
        state.tombstones.append(item.tombstone)
        state.gone.insert(token.ticket.key)
        if token.isTombstone { return nil }
        let dropped = QueueState.Dropped(element: item, reason: .aborted)
        note(dropped)
        return dropped
      }
      state.waiting[token.ticket.key] = (item, clock.now())
      state.highest = max(state.highest, state.waiting.count)
      return nil
    }
  }

  func pop(_ note: (QueueState<QueueItem>.Popped) -> Void) -> QueueState<QueueItem>.Popped? {
    while true {
      let before = progress.count
      let limit = SystemClock().now().advanced(byMilliseconds: progress.patienceMs)
      if let popped = next(until: limit) {
        progress.advance()
        return popped
      }
      if progress.count == before { progress.reportStuck() }
    }
  }

  /// Nil within nil when the time is over; nil when nothing more will come.
  private func next(until limit: MonotonicTime) -> QueueState<QueueItem>.Popped?? {
    monitor.wait(until: limit) { state -> QueueState<QueueItem>.Popped?? in
      if let tombstone = state.tombstones.popFirst() { return .some(take(tombstone, clock.now(), &state)) }
      while state.next < script.steps.count {
        switch script.steps[state.next] {
        case .notice(let index):
          state.next += 1
          return .some(take(.notice(script.notices[index]), clock.now(), &state))
        case .frame(let key):
          if let (item, enqueued) = state.waiting.removeValue(forKey: key) {
            state.next += 1
            return .some(take(item, enqueued, &state))
          }
          guard state.gone.remove(key) != nil || state.isClosed else { return nil }
          state.next += 1
        }
      }
      return state.isClosed ? .some(nil) : nil
    }
  }

  private func take(_ item: QueueItem, _ enqueued: MonotonicTime, _ state: inout State)
    -> QueueState<QueueItem>.Popped
  {
    defer { state.popped += 1 }
    return QueueState.Popped(element: item, index: state.popped, enqueued: enqueued)
  }

  func noteLoss(_ key: StreamShares.Key?) {}
  func close() { monitor.change { $0.isClosed = true } }

  func abort(_ note: (QueueState<QueueItem>.Dropped) -> Void) -> [QueueState<QueueItem>.Dropped] {
    monitor.change { state in
      state.isAborted = true
      let dropped = state.waiting.values.map { QueueState.Dropped(element: $0.item, reason: .aborted) }
      dropped.forEach(note)
      for (key, entry) in state.waiting {
        state.tombstones.append(entry.item.tombstone)
        state.gone.insert(key)
      }
      state.waiting = [:]
      return dropped
    }
  }

  var depth: (now: Int, highest: Int) { monitor.withLock { ($0.waiting.count, $0.highest) } }
}
