import DequeModule

/// What a queue must know of its elements.
protocol QueueElement: Sendable {
  /// A marker left by a dropped frame: keeps its place, takes no room, is never dropped.
  var isTombstone: Bool { get }
  var deadline: MonotonicTime? { get }
  /// The marker that takes this element's place when it is dropped.
  var tombstone: Self { get }
}

/// The rules of a bounded queue, without locks or threads: every call says what happened or that one must wait.
///
/// Where a join comes later, a dropped frame leaves a tombstone in its place. Tombstones do not count against the
/// capacity; the limit on frames in flight bounds them.
struct QueueState<Element: QueueElement>: Sendable {
  struct Dropped: Sendable {
    let element: Element
    let reason: DropReason
  }

  enum PushResult: Sendable {
    /// Queued, perhaps at the cost of one frame (which may be the pushed one).
    case queued(dropping: Dropped?)
    case mustWait
  }

  struct Popped: Sendable {
    let element: Element
    /// Counts pops from 0: the order in which results must leave a stage with several workers.
    let index: Int
    let enqueued: MonotonicTime
  }

  enum PopResult: Sendable {
    case element(Popped)
    case mustWait
    case finished
  }

  private struct Entry: Sendable {
    var element: Element
    let enqueued: MonotonicTime
  }

  let capacity: Int
  let policy: OverflowPolicy
  let keepsTombstones: Bool
  private var entries = Deque<Entry>()
  private var popped = 0
  private var isClosed = false
  private var isAborted = false
  /// Frames waiting, tombstones not counted.
  private(set) var count = 0
  /// The highest `count` so far.
  private(set) var highWater = 0

  init(capacity: Int, policy: OverflowPolicy, keepsTombstones: Bool = true) {
    self.capacity = max(1, capacity)
    self.policy = policy
    self.keepsTombstones = keepsTombstones
  }

  mutating func push(_ element: Element, now: MonotonicTime) -> PushResult {
    if element.isTombstone {
      entries.append(Entry(element: element, enqueued: now))
      return .queued(dropping: nil)
    }
    if isAborted { return bury(new: element, .aborted, now: now) }
    guard count >= capacity else {
      append(element, now: now)
      return .queued(dropping: nil)
    }
    switch policy {
    case .block: return .mustWait
    case .dropNewest: return bury(new: element, .newest, now: now)
    case .dropOldest: return replace(at: firstFrame, .oldest, with: element, now: now)
    case .dropLate:
      if let late = entries.firstIndex(where: { !$0.element.isTombstone && Self.isLate($0.element, now) }) {
        return replace(at: late, .late, with: element, now: now)
      }
      if Self.isLate(element, now) { return bury(new: element, .late, now: now) }
      return replace(at: firstFrame, .oldest, with: element, now: now)
    }
  }

  mutating func pop() -> PopResult {
    guard let entry = entries.popFirst() else { return isClosed ? .finished : .mustWait }
    if !entry.element.isTombstone { count -= 1 }
    defer { popped += 1 }
    return .element(Popped(element: entry.element, index: popped, enqueued: entry.enqueued))
  }

  /// No more pushes will come: once empty, the queue is finished.
  mutating func close() { isClosed = true }

  /// Drops every waiting frame, and every later one; nobody waits any more.
  mutating func abort() -> [Dropped] {
    isAborted = true
    var dropped: [Dropped] = []
    while let index = firstFrame { dropped.append(Dropped(element: bury(at: index), reason: .aborted)) }
    return dropped
  }

  private static func isLate(_ element: Element, _ now: MonotonicTime) -> Bool {
    element.deadline.map { $0 < now } ?? false
  }

  private var firstFrame: Int? { entries.firstIndex { !$0.element.isTombstone } }

  private mutating func append(_ element: Element, now: MonotonicTime) {
    entries.append(Entry(element: element, enqueued: now))
    count += 1
    highWater = max(highWater, count)
  }

  private mutating func bury(new element: Element, _ reason: DropReason, now: MonotonicTime) -> PushResult {
    if keepsTombstones { entries.append(Entry(element: element.tombstone, enqueued: now)) }
    return .queued(dropping: Dropped(element: element, reason: reason))
  }

  /// Takes a waiting frame out, leaving a tombstone where one is wanted.
  private mutating func bury(at index: Int) -> Element {
    let element = entries[index].element
    if keepsTombstones { entries[index].element = element.tombstone } else { entries.remove(at: index) }
    count -= 1
    return element
  }

  private mutating func replace(
    at index: Int?, _ reason: DropReason, with element: Element, now: MonotonicTime
  ) -> PushResult {
    guard let index else { return bury(new: element, .newest, now: now) }
    let dropped = Dropped(element: bury(at: index), reason: reason)
    append(element, now: now)
    return .queued(dropping: dropped)
  }
}
