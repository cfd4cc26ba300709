import EdgepipeCore

/// The queue between stages, shared by threads: ``QueueState`` behind a lock, waiting done for it.
final class BoundedQueue<Element: QueueElement>: Sendable {
  private let monitor: Monitor<QueueState<Element>>
  private let clock: any PipelineClock

  init(capacity: Int, policy: OverflowPolicy?, keepsTombstones: Bool = true, clock: any PipelineClock) {
    monitor = Monitor(QueueState(capacity: capacity, policy: policy, keepsTombstones: keepsTombstones))
    self.clock = clock
  }

  /// Queues `element`, waiting for room when the policy is `block`; returns the frame that had to go, if any.
  ///
  /// - Parameter note: sees the frame before anybody can see its tombstone.
  func push(
    _ element: Element, _ note: (QueueState<Element>.Dropped) -> Void = { _ in }
  ) -> QueueState<Element>.Dropped? {
    monitor.wait { state -> QueueState<Element>.Dropped?? in
      switch state.push(element, now: clock.now()) {
      case .queued(let dropped):
        if let dropped { note(dropped) }
        return .some(dropped)
      case .mustWait: return nil
      }
    }
  }

  /// The next element, waiting for one; nil once the queue is closed and empty.
  ///
  /// - Parameter note: sees the element in the order in which elements leave.
  func pop(_ note: (QueueState<Element>.Popped) -> Void = { _ in }) -> QueueState<Element>.Popped? {
    monitor.wait { state -> QueueState<Element>.Popped?? in
      switch state.pop() {
      case .element(let popped):
        note(popped)
        return .some(popped)
      case .finished: return .some(nil)
      case .mustWait: return nil
      }
    }
  }

  /// Counts a frame that was popped and then given up against its stream's share of losses.
  func noteLoss(_ key: StreamShares.Key?) { monitor.withLock { $0.noteLoss(key) } }

  func close() { monitor.change { $0.close() } }

  /// Empties the queue and stops everybody from waiting; returns what was lost.
  func abort(_ note: (QueueState<Element>.Dropped) -> Void = { _ in }) -> [QueueState<Element>.Dropped] {
    monitor.change { state in
      let dropped = state.abort()
      dropped.forEach(note)
      return dropped
    }
  }

  /// Frames waiting now, and the most that ever waited.
  var depth: (now: Int, highest: Int) { monitor.withLock { ($0.count, $0.highWater) } }
}
