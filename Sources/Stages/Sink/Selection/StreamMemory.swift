import EdgepipeCore
import Pipeline

/// When something that was told before is told again.
struct RepetitionRules: Sendable {
  /// Nanoseconds of media time between two results of a kind.
  let interval: Int64?
  /// Only what differs from the one before.
  let onChange: Bool

  var restrict: Bool { interval != nil || onChange }
}

/// What a ``ResultSelector`` remembers of one stream.
struct StreamMemory {
  /// Of more kinds of events, the half that was seen last is kept.
  static let maximumKeys = 1024

  /// Events with equal keys follow each other at `everyS` at least.
  private struct EventKey: Hashable {
    let stage: String
    let kind: String
    let shape: String?
    let label: String?
  }

  private struct EventMemory {
    /// When the next one may be taken.
    var next: Int64?
    /// The last one that was taken, where a later one is compared with it.
    var last: FrameEvent?
    /// The latest value that came too early.
    var waiting: FrameEvent?
    var lastSeen: Int64
  }

  private var time: MediaTime?
  private var nextFrame: Int64?
  /// By the stage that found them, what the detections of the last frame that was taken add up to.
  private var sums: [(stage: String, sum: UInt64)] = []
  private var events: [EventKey: EventMemory] = [:]
  private var waiting: [EventKey] = []

  var waitingCount: Int { waiting.count }
  var keyCount: Int { events.count }

  /// A stream whose time steps back begins anew.
  mutating func begin(at now: MediaTime) {
    if let time, now < time {
      nextFrame = nil
      sums.removeAll(keepingCapacity: true)
      events.removeAll()
      waiting.removeAll()
    }
    time = now
  }

  /// Whether the frame is taken; if so, the next ones are compared with it.
  mutating func takes(_ frame: Frame, of filter: DetectionFilter, _ rules: RepetitionRules) -> Bool {
    let now = frame.header.mediaTime.nanoseconds
    if let nextFrame, now < nextFrame { return false }
    if rules.onChange, !differs(frame, filter) { return false }
    if let interval = rules.interval { nextFrame = now &+ interval }
    return true
  }

  /// Only stages that looked at the frame are compared: what was not looked for has not gone.
  private mutating func differs(_ frame: Frame, _ filter: DetectionFilter) -> Bool {
    var differs = false
    for result in frame.results {
      let sum = Self.sum(result.detections, filter)
      if let index = sums.firstIndex(where: { $0.stage == result.stage }) {
        if sums[index].sum != sum { differs = true }
        sums[index].sum = sum
      } else {
        sums.append((result.stage, sum))
        differs = true
      }
    }
    return differs
  }

  /// Equal for equal numbers of detections of each label, in any order. That two different ones are equal happens once
  /// in 2^64 times; keeping and comparing the labels themselves would cost each frame memory.
  private static func sum(_ detections: [Detection], _ filter: DetectionFilter) -> UInt64 {
    var sum: UInt64 = 0
    for detection in detections where filter.includes(detection) {
      sum &+= UInt64(bitPattern: Int64(detection.label.hashValue))
    }
    return sum
  }

  /// Whether an event that just happened is taken now.
  mutating func takes(_ event: FrameEvent, at now: MediaTime, _ rules: RepetitionRules) -> Bool {
    let key = EventKey(stage: event.stage, kind: event.kind, shape: event.shape, label: event.label)
    var memory = events.removeValue(forKey: key) ?? EventMemory(lastSeen: now.nanoseconds)
    memory.lastSeen = now.nanoseconds
    defer { remember(memory, of: key) }
    if let next = memory.next, now.nanoseconds < next {
      if event.isState {
        if memory.waiting == nil { waiting.append(key) }
        memory.waiting = event
      }
      return false
    }
    // A newer value makes the one that waits needless.
    if memory.waiting != nil {
      memory.waiting = nil
      waiting.removeAll { $0 == key }
    }
    return Self.takes(event, &memory, at: now, rules)
  }

  /// Adds the values that came too early and whose time has come.
  mutating func takeWaiting(at now: MediaTime, _ rules: RepetitionRules, into taken: inout [FrameEvent]) {
    var index = 0
    while index < waiting.count {
      let key = waiting[index]
      guard var memory = events[key], let event = memory.waiting else {
        waiting.remove(at: index)
        continue
      }
      guard now.nanoseconds >= memory.next ?? .min else {
        index += 1
        continue
      }
      memory.waiting = nil
      if Self.takes(event, &memory, at: now, rules) { taken.append(event) }
      events[key] = memory
      waiting.remove(at: index)
    }
  }

  private static func takes(
    _ event: FrameEvent, _ memory: inout EventMemory, at now: MediaTime, _ rules: RepetitionRules
  ) -> Bool {
    // What a track does is always something new.
    if rules.onChange, event.track == nil {
      if event == memory.last { return false }
      memory.last = event
    }
    if let interval = rules.interval { memory.next = now.nanoseconds &+ interval }
    return true
  }

  private mutating func remember(_ memory: EventMemory, of key: EventKey) {
    if events.count >= Self.maximumKeys {
      let kept = events.sorted { $0.value.lastSeen > $1.value.lastSeen }.prefix(Self.maximumKeys / 2)
      events = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
      waiting.removeAll { events[$0] == nil }
    }
    events[key] = memory
  }
}
