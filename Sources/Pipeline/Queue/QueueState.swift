import DequeModule
import EdgepipeCore

/// What a queue must know of its elements.
protocol QueueElement: Sendable {
  /// A marker, such as a dropped frame leaves: keeps its place, takes no room, is never dropped.
  var isTombstone: Bool { get }
  /// Never falls within a stream.
  var deadline: MonotonicTime? { get }
  /// The marker that takes this element's place when it is dropped.
  var tombstone: Self { get }
  /// Tells streams apart, so that losses can be spread over them.
  var streamKey: StreamShares.Key? { get }
  var isLive: Bool { get }
}

extension QueueElement {
  var streamKey: StreamShares.Key? { nil }
  var isLive: Bool { false }
}

/// The rules of a bounded queue, without locks or threads: every call says what happened or that one must wait.
///
/// The earliest deadline leaves first. A frame without one counts as if it had ``patienceNanoseconds``, so that nothing
/// waits indefinitely behind streams in a hurry. Within a stream the order is kept, since its deadlines never fall. When a
/// live frame must go and none is late, the stream that has lost the smallest share so far loses its oldest frame.
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

  /// How long a frame without a deadline lets others go first.
  static var patienceNanoseconds: Int64 { 500_000_000 }

  let capacity: Int
  /// Nil: `block` for files, `dropLate` for live streams.
  let policy: OverflowPolicy?
  let keepsTombstones: Bool
  private var entries = Deque<Entry>()
  private var popped = 0
  private var isClosed = false
  private var isAborted = false
  private var shares = StreamShares()
  /// Frames waiting, tombstones not counted.
  private(set) var count = 0
  /// The highest `count` so far.
  private(set) var highWater = 0

  init(capacity: Int, policy: OverflowPolicy?, keepsTombstones: Bool = true) {
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
    let policy = policy ?? (element.isLive ? .dropLate : .block)
    // Where the producer waits, the same element comes again.
    if policy == .dropLate { shares.arrived(element.streamKey) }
    guard count >= capacity else {
      append(element, now: now)
      return .queued(dropping: nil)
    }
    switch policy {
    case .block: return .mustWait
    case .dropNewest: return bury(new: element, .newest, now: now)
    case .dropOldest: return replace(at: firstFrame, .oldest, with: element, now: now)
    case .dropLate: return makeRoom(for: element, now: now)
    }
  }

  private mutating func makeRoom(for element: Element, now: MonotonicTime) -> PushResult {
    if let late = entries.firstIndex(where: { !$0.element.isTombstone && Self.isLate($0.element, now) }) {
      shares.lost(entries[late].element.streamKey)
      return replace(at: late, .late, with: element, now: now)
    }
    if Self.isLate(element, now) {
      shares.lost(element.streamKey)
      return bury(new: element, .late, now: now)
    }
    let victim = fastest(than: element)
    shares.lost(victim.map { entries[$0].element.streamKey } ?? element.streamKey)
    guard let victim else { return bury(new: element, .newest, now: now) }
    return replace(at: victim, .oldest, with: element, now: now)
  }

  /// The oldest waiting frame of the stream that has lost least; nil when that is the stream of `element` and none of
  /// its frames waits.
  private func fastest(than element: Element) -> Int? {
    var best: Int?, least = Double.infinity, ownWaits = false
    for (index, entry) in entries.enumerated() where !entry.element.isTombstone {
      let key = entry.element.streamKey, rate = shares.lossRate(key)
      if key == element.streamKey { ownWaits = true }
      if rate < least { (best, least) = (index, rate) }
    }
    return !ownWaits && shares.lossRate(element.streamKey) < least ? nil : best
  }

  mutating func pop() -> PopResult {
    guard let index = mostUrgent else { return isClosed ? .finished : .mustWait }
    let entry = index == 0 ? entries.removeFirst() : entries.remove(at: index)
    if !entry.element.isTombstone { count -= 1 }
    defer { popped += 1 }
    return .element(Popped(element: entry.element, index: popped, enqueued: entry.enqueued))
  }

  /// A frame that was taken out is lost before its work has begun: others of its stream are spared for it.
  mutating func noteLoss(_ key: StreamShares.Key?) { shares.lost(key) }

  /// No more pushes will come: once empty, the queue is finished.
  mutating func close() { isClosed = true }

  /// Drops every waiting frame, and every later one; nobody waits any more.
  mutating func abort() -> [Dropped] {
    isAborted = true
    var dropped: [Dropped] = []
    while let index = firstFrame { dropped.append(Dropped(element: bury(at: index), reason: .aborted)) }
    return dropped
  }

  /// A marker at the front, else the frame with the earliest deadline.
  private var mostUrgent: Int? {
    if entries.count <= 1 { return entries.isEmpty ? nil : 0 }
    guard let front = entries.first else { return nil }
    if count <= 1 || front.element.isTombstone { return 0 }
    var best = 0, earliest = Self.dueTime(front)
    for (index, entry) in entries.enumerated() where index > 0 && !entry.element.isTombstone {
      let due = Self.dueTime(entry)
      if due < earliest { (best, earliest) = (index, due) }
    }
    return best
  }

  private static func dueTime(_ entry: Entry) -> MonotonicTime {
    entry.element.deadline ?? entry.enqueued.advanced(byNanoseconds: patienceNanoseconds)
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
