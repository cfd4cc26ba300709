@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Pipeline

/// A queue element with a number, for tests.
struct Item: QueueElement, Hashable {
  var number: Int
  var deadline: MonotonicTime?
  var isTombstone = false
  var stream: Stream?
  var isLive = false
  var tombstone: Item { Item(number: number, deadline: deadline, isTombstone: true, stream: stream) }
  var streamKey: StreamShares.Key? { stream.map { ObjectIdentifier($0) } }

  /// Stands for a stream: only its identity counts.
  final class Stream: Sendable, Hashable {
    static func == (a: Stream, b: Stream) -> Bool { a === b }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
  }
}

@Suite("Queue rules")
struct QueueStateTests {
  private let now = MonotonicTime(nanoseconds: 1000)

  private func drain(_ state: inout QueueState<Item>) -> [Item] {
    var items: [Item] = []
    while case .element(let popped) = state.pop() { items.append(popped.element) }
    return items
  }

  private func fill(_ policy: OverflowPolicy, _ items: [Item]) -> (
    QueueState<Item>, dropped: [QueueState<Item>.Dropped]
  ) {
    var state = QueueState<Item>(capacity: 2, policy: policy)
    var dropped: [QueueState<Item>.Dropped] = []
    for item in items {
      if case .queued(let loss?) = state.push(item, now: now) { dropped.append(loss) }
    }
    return (state, dropped)
  }

  @Test("given a full blocking queue, when pushed, then the producer must wait and nothing is lost")
  func block() {
    var state = QueueState<Item>(capacity: 1, policy: .block)
    _ = state.push(Item(number: 0), now: now)
    guard case .mustWait = state.push(Item(number: 1), now: now) else { Issue.record("did not wait"); return }
    #expect(drain(&state).map(\.number) == [0])
  }

  @Test("given a full queue that drops the oldest, when pushed, then the oldest leaves a tombstone in its place")
  func dropOldest() {
    var (state, dropped) = fill(.dropOldest, (0..<3).map { Item(number: $0) })
    #expect(dropped.map(\.element.number) == [0])
    #expect(dropped.map(\.reason) == [.oldest])
    let items = drain(&state)
    #expect(items.map(\.number) == [0, 1, 2])
    #expect(items.map(\.isTombstone) == [true, false, false])
  }

  @Test("given a full queue that drops the newest, when pushed, then the new frame becomes a tombstone")
  func dropNewest() {
    var (state, dropped) = fill(.dropNewest, (0..<3).map { Item(number: $0) })
    #expect(dropped.map(\.element.number) == [2])
    #expect(dropped.map(\.reason) == [.newest])
    #expect(drain(&state).map(\.isTombstone) == [false, false, true])
  }

  @Test("given a late frame behind an older one that is in time, when the queue overflows, then the late one goes")
  func dropLate() {
    let inTime = MonotonicTime(nanoseconds: 2000), past = MonotonicTime(nanoseconds: 500)
    let items = [Item(number: 0, deadline: inTime), Item(number: 1, deadline: past), Item(number: 2, deadline: inTime)]
    var (state, dropped) = fill(.dropLate, items)
    #expect(dropped.map(\.element.number) == [1])
    #expect(dropped.map(\.reason) == [.late])
    #expect(drain(&state).map(\.isTombstone) == [false, true, false])
  }

  @Test("given only frames in time, when a dropLate queue overflows, then the oldest goes")
  func dropLateWithoutLate() {
    let (_, dropped) = fill(.dropLate, (0..<3).map { Item(number: $0) })
    #expect(dropped.map(\.element.number) == [0])
    #expect(dropped.map(\.reason) == [.oldest])
  }

  @Test("given tombstones, when a queue fills, then they take no room and are never dropped")
  func tombstonesAreFree() {
    var state = QueueState<Item>(capacity: 1, policy: .dropOldest)
    for number in 0..<5 { _ = state.push(Item(number: number, isTombstone: true), now: now) }
    guard case .queued(dropping: nil) = state.push(Item(number: 5), now: now) else {
      Issue.record("a tombstone took the room of a frame")
      return
    }
    #expect(drain(&state).map(\.number) == [0, 1, 2, 3, 4, 5])
  }

  @Test("given a queue without a join behind it, when frames are dropped, then nothing stays in their place")
  func withoutTombstones() {
    var state = QueueState<Item>(capacity: 2, policy: .dropOldest, keepsTombstones: false)
    for number in 0..<100 { _ = state.push(Item(number: number), now: now) }
    #expect(drain(&state) == [Item(number: 98), Item(number: 99)])
    _ = state.push(Item(number: 100), now: now)
    #expect(state.abort().map(\.element.number) == [100])
    #expect(drain(&state).isEmpty)
  }

  @Test("given a closed queue, when emptied, then it is finished; a waiting frame still comes out first")
  func close() {
    var state = QueueState<Item>(capacity: 2, policy: .block)
    _ = state.push(Item(number: 7), now: now)
    state.close()
    guard case .element(let popped) = state.pop() else { Issue.record("the frame was lost"); return }
    #expect(popped.element.number == 7)
    guard case .finished = state.pop() else { Issue.record("not finished"); return }
  }

  @Test("given waiting frames, when aborted, then each is reported once and only tombstones come out")
  func abort() {
    var state = QueueState<Item>(capacity: 4, policy: .block)
    for number in 0..<3 { _ = state.push(Item(number: number), now: now) }
    #expect(state.abort().map(\.element.number) == [0, 1, 2])
    guard case .queued(let dropped?) = state.push(Item(number: 3), now: now) else { Issue.record("kept"); return }
    #expect(dropped.reason == .aborted)
    #expect(drain(&state).filter { !$0.isTombstone }.isEmpty)
  }

  @Test("given frames of several streams, when popped, then the earliest deadline leaves first")
  func earliestDeadlineFirst() {
    var state = QueueState<Item>(capacity: 4, policy: .dropLate)
    for (number, due) in [3000, 2500, 4000, 2600].enumerated() {
      _ = state.push(Item(number: number, deadline: MonotonicTime(nanoseconds: Int64(due))), now: now)
    }
    #expect(drain(&state).map(\.number) == [1, 3, 0, 2])
  }

  @Test(
    "given a frame without a deadline, when others in a hurry keep coming, then it leaves after the patience at last")
  func starvationIsBounded() {
    var state = QueueState<Item>(capacity: 8, policy: .block)
    _ = state.push(Item(number: -1), now: MonotonicTime(nanoseconds: 0))
    var left: Int?
    for step in 0..<100 {
      let now = MonotonicTime(nanoseconds: Int64(step) * 33_000_000)
      _ = state.push(Item(number: step, deadline: now.advanced(byMilliseconds: 100)), now: now)
      if case .element(let popped) = state.pop(), popped.element.number == -1 { left = step }
    }
    // 500 ms of patience less the others' 100 ms, at 33 ms a step.
    #expect(left == 13)
  }

  @Test(
    "given four streams that overflow a live queue, whatever their phases, then each loses nearly the same share",
    arguments: [UInt64](0..<10))
  func lossesAreSpread(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var state = QueueState<Item>(capacity: 4, policy: nil, keepsTombstones: false)
    let streams = (0..<4).map { _ in Item.Stream() }
    let phases = streams.map { _ in Int64.random(in: 0..<33_000_000, using: &random) }
    var losses: [Item.Stream: Int] = [:]
    // 120 frames a second come, 60 are served.
    let arrivals = (0..<600).flatMap { frame in
      streams.indices.map { (stream: $0, at: phases[$0] + Int64(frame) * 33_333_333) }
    }.sorted { $0.at < $1.at }
    var nextService: Int64 = 0
    for (number, arrival) in arrivals.enumerated() {
      while nextService <= arrival.at {
        _ = state.pop()
        nextService += 16_666_667
      }
      let now = MonotonicTime(nanoseconds: arrival.at)
      let item = Item(
        number: number, deadline: now.advanced(byMilliseconds: 100), stream: streams[arrival.stream], isLive: true)
      if case .queued(let loss?) = state.push(item, now: now), let stream = loss.element.stream {
        losses[stream, default: 0] += 1
      }
    }
    let counts = streams.map { losses[$0] ?? 0 }
    let mean = Double(counts.reduce(0, +)) / 4
    // Half of 2,400 frames cannot be served.
    #expect(abs(mean - 300) < 10)
    let worst = counts.map { abs(Double($0) - mean) / mean }.max() ?? 1
    #expect(worst < 0.1, "\(counts)")
  }

  @Test("given live and file frames in one queue, when it is full, then the file waits and the live one drops")
  func policyByStream() {
    var state = QueueState<Item>(capacity: 1, policy: nil)
    _ = state.push(Item(number: 0), now: now)
    guard case .mustWait = state.push(Item(number: 1), now: now) else { Issue.record("the file did not wait"); return }
    guard case .queued(dropping: _?) = state.push(Item(number: 2, isLive: true), now: now) else {
      Issue.record("the live frame waited")
      return
    }
  }

  @Test(
    "property: whatever the calls, every number comes out once, streams in order, the most urgent first, frames = pops + drops",
    arguments: OverflowPolicy.allCases, [UInt64](0..<25))
  func conservation(policy: OverflowPolicy, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var state = QueueState<Item>(capacity: Int.random(in: 1...5, using: &random), policy: policy)
    let streams = (0..<3).map { _ in Item.Stream() }
    var due = [Int64](repeating: 0, count: 3)
    var pushed: [Int] = [], popped: [Item] = [], dropped = Set<Int>()
    for number in 0..<300 {
      if Bool.random(using: &random) {
        let stream = Int.random(in: 0..<3, using: &random)
        due[stream] += .random(in: 0...40, using: &random)
        let item = Item(
          number: number, deadline: MonotonicTime(nanoseconds: due[stream]), isTombstone: number % 7 == 0,
          stream: streams[stream])
        switch state.push(item, now: now) {
        case .queued(let loss):
          pushed.append(number)
          if let loss { #expect(dropped.insert(loss.element.number).inserted, "dropped twice") }
        case .mustWait: #expect(policy == .block)
        }
      } else if case .element(let item) = state.pop() {
        #expect(item.index == popped.count)
        popped.append(item.element)
      }
      #expect(state.count <= state.capacity)
    }
    popped += drain(&state)
    #expect(popped.map(\.number).sorted() == pushed)
    for stream in streams {
      let frames = popped.filter { $0.stream == stream && !$0.isTombstone }.map(\.number)
      #expect(frames == frames.sorted())
    }
    #expect(Set(popped.filter { $0.isTombstone && $0.number % 7 != 0 }.map(\.number)) == dropped)
  }
}
