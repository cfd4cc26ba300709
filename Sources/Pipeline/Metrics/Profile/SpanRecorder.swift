package import EdgepipeCore
import Synchronization

/// A piece of a thread's time.
package struct Span: Sendable, Hashable {
  package enum Kind: UInt8, Sendable {
    /// On one frame: a stage's work, or a source's on bringing it.
    case work
    /// A source that keeps time sleeps; within the work on the frame that comes next.
    case pause
  }

  package var kind: Kind
  /// The stream's number in ``SpanRecording/streams``; means nothing for a pause.
  package var stream: Int
  /// The frame's number in its stream; means nothing for a pause.
  package var sequence: Int
  /// When the frame came into the stage's queue; the start for a source.
  package var enqueued: MonotonicTime
  package var start: MonotonicTime
  package var end: MonotonicTime
  /// When the frame had been passed on: later than `end` where there was no room for it.
  package var released: MonotonicTime

  init(
    kind: Kind = .work, stream: Int, sequence: Int, enqueued: MonotonicTime, start: MonotonicTime, end: MonotonicTime,
    released: MonotonicTime
  ) {
    self.kind = kind
    self.stream = stream
    self.sequence = sequence
    self.enqueued = enqueued
    self.start = start
    self.end = end
    self.released = released
  }
}

/// What threads did in a run, as far as it was kept.
package struct SpanRecording: Sendable {
  /// One thread's spans in the order in which they ended.
  package struct Lane: Sendable {
    package var stage: String
    /// The thread's name.
    package var thread: String
    package var spans: [Span]

    init(stage: String, thread: String, spans: [Span]) {
      self.stage = stage
      self.thread = thread
      self.spans = spans
    }
  }

  /// A frame that was lost.
  package struct Loss: Sendable, Hashable {
    package var stage: String
    /// A ``DropReason`` by its raw value, or `failed`.
    package var reason: String
    package var stream: Int
    package var sequence: Int
    package var time: MonotonicTime

    init(stage: String, reason: String, stream: Int, sequence: Int, time: MonotonicTime) {
      self.stage = stage
      self.reason = reason
      self.stream = stream
      self.sequence = sequence
      self.time = time
    }
  }

  package var start: MonotonicTime
  /// In the order in which the threads began.
  package var lanes: [Lane]
  package var losses: [Loss]
  /// The streams' ids by number.
  package var streams: [Int: String]
  /// Spans and losses for which there was no room.
  package var overflow: Int

  init(start: MonotonicTime, lanes: [Lane], losses: [Loss], streams: [Int: String], overflow: Int = 0) {
    self.start = start
    self.lanes = lanes
    self.losses = losses
    self.streams = streams
    self.overflow = overflow
  }
}

/// Keeps what every thread of a run does, frame by frame, in bounded memory.
///
/// Each thread writes into a ``SpanWriter`` of its own without a lock and hands full blocks over here. Safe to use from
/// any thread.
package final class SpanRecorder: Sendable {
  private struct State {
    var recording = SpanRecording(start: MonotonicTime(nanoseconds: 0), lanes: [], losses: [], streams: [:])
    /// Spans for which there is still room.
    var room: Int
    var numbers = 0
  }

  private let state: Mutex<State>
  private let seconds: Double
  private let lossLimit: Int
  /// Nanoseconds after which nothing is kept any more.
  private let until = Atomic<Int64>(.max)

  /// - Parameters:
  ///   - seconds: keeps only this much of the run, from its beginning.
  ///   - spanLimit: further spans are only counted; one takes 56 bytes.
  ///   - lossLimit: the same of lost frames.
  package init(seconds: Double = .infinity, spanLimit: Int = 400_000, lossLimit: Int = 50_000) {
    self.seconds = seconds
    self.lossLimit = lossLimit
    state = Mutex(State(room: spanLimit))
  }

  /// What has been handed over so far: everything, once the run is over.
  package var recording: SpanRecording { state.withLock { $0.recording } }

  /// Time counts from here.
  func begin(at start: MonotonicTime) {
    state.withLock { $0.recording.start = start }
    until.store(start.advanced(byMilliseconds: seconds * 1000).nanoseconds, ordering: .relaxed)
  }

  /// A number for a stream that the run's trace does not number.
  func nextNumber() -> Int {
    state.withLock { state in
      state.numbers += 1
      return state.numbers - 1
    }
  }

  func name(_ stream: String, number: Int) { state.withLock { $0.recording.streams[number] = stream } }

  /// For one thread.
  func writer(stage: String, thread: String) -> SpanWriter {
    let lane = state.withLock { state in
      state.recording.lanes.append(SpanRecording.Lane(stage: stage, thread: thread, spans: []))
      return state.recording.lanes.count - 1
    }
    return SpanWriter(recorder: self, lane: lane)
  }

  func isOver(at time: MonotonicTime) -> Bool { time.nanoseconds > until.load(ordering: .relaxed) }

  func note(loss key: FrameKey, stage: String, reason: String, at time: MonotonicTime) {
    if isOver(at: time) { return }
    state.withLock { state in
      guard state.recording.losses.count < lossLimit else { return state.recording.overflow += 1 }
      state.recording.losses.append(
        SpanRecording.Loss(stage: stage, reason: reason, stream: key.stream, sequence: key.sequence, time: time))
    }
  }

  /// Takes a thread's block; false when nothing more has room.
  fileprivate func take(_ spans: [Span], lane: Int) -> Bool {
    state.withLock { state in
      let kept = min(spans.count, state.room)
      state.recording.lanes[lane].spans += spans.prefix(kept)
      state.recording.overflow += spans.count - kept
      state.room -= kept
      return state.room > 0
    }
  }

  fileprivate func countOverflow(_ count: Int) { state.withLock { $0.recording.overflow += count } }
}

/// One thread's way into a ``SpanRecorder``; used by that thread alone.
struct SpanWriter {
  private static let blockSize = 512

  private let recorder: SpanRecorder
  private let lane: Int
  private var block: [Span] = []
  private var hasRoom = true
  private var overflow = 0

  fileprivate init(recorder: SpanRecorder, lane: Int) {
    self.recorder = recorder
    self.lane = lane
    block.reserveCapacity(Self.blockSize)
  }

  mutating func append(_ span: Span) {
    if recorder.isOver(at: span.end) { return }
    guard hasRoom else { return overflow += 1 }
    block.append(span)
    if block.count == Self.blockSize { handOver() }
  }

  /// Hands over what is left; call it before the thread ends.
  mutating func finish() {
    handOver()
    recorder.countOverflow(overflow)
    overflow = 0
  }

  private mutating func handOver() {
    if !block.isEmpty { hasRoom = recorder.take(block, lane: lane) }
    block.removeAll(keepingCapacity: true)
  }
}
