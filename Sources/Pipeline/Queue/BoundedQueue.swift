/// The queue between stages, shared by threads: ``QueueState`` behind a lock, waiting done for it.
final class BoundedQueue<Element: QueueElement>: Sendable {
  private let monitor: Monitor<QueueState<Element>>
  private let clock: any PipelineClock

  init(capacity: Int, policy: OverflowPolicy?, keepsTombstones: Bool = true, clock: any PipelineClock) {
    monitor = Monitor(QueueState(capacity: capacity, policy: policy, keepsTombstones: keepsTombstones))
    self.clock = clock
  }

  /// Queues `element`, waiting for room when the policy is `block`; returns the frame that had to go, if any.
  func push(_ element: Element) -> QueueState<Element>.Dropped? {
    monitor.wait { state -> QueueState<Element>.Dropped?? in
      switch state.push(element, now: clock.now()) {
      case .queued(let dropped): .some(dropped)
      case .mustWait: nil
      }
    }
  }

  /// The next element, waiting for one; nil once the queue is closed and empty.
  func pop() -> QueueState<Element>.Popped? {
    monitor.wait { state -> QueueState<Element>.Popped?? in
      switch state.pop() {
      case .element(let popped): .some(popped)
      case .finished: .some(nil)
      case .mustWait: nil
      }
    }
  }

  /// Counts a frame that was popped and then given up against its stream's share of losses.
  func noteLoss(_ key: StreamShares.Key?) { monitor.withLock { $0.noteLoss(key) } }

  func close() { monitor.change { $0.close() } }

  /// Empties the queue and stops everybody from waiting; returns what was lost.
  func abort() -> [QueueState<Element>.Dropped] { monitor.change { $0.abort() } }

  /// Frames waiting now, and the most that ever waited.
  var depth: (now: Int, highest: Int) { monitor.withLock { ($0.count, $0.highWater) } }
}
