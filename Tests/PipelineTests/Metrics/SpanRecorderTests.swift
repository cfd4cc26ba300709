import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Pipeline

@Suite("What threads did", .timeLimit(.minutes(15)))
struct SpanRecorderTests {
  private func record(
    _ stages: [PipelinePlan.StagePlan], _ recorder: SpanRecorder, framesInFlight: Int? = nil
  ) throws -> (recording: SpanRecording, figures: PipelineRunner.Snapshot) {
    let runner = try PipelineRunner(
      PipelinePlan(name: "test", framesInFlight: framesInFlight, stages: stages),
      instruments: RunInstruments(spans: recorder))
    try runner.start()
    #expect(runner.wait().isOver)
    return (recorder.recording, runner.snapshot())
  }

  @Test(
    "given two sources and three workers, when they have run, then each frame has one span a stage, in order and apart")
  func everyFrameOnce() throws {
    let out = Collector()
    let (recording, _) = try record(
      [
        .source("a", count: 700), .source("b", count: 300), .transform("work", after: ["a", "b"], workers: 3),
        .sink("out", after: ["work"], into: out),
      ], SpanRecorder())
    #expect(recording.overflow == 0)
    #expect(Set(recording.streams.values) == ["a", "b"])
    #expect(recording.lanes.map(\.thread).sorted() == ["a", "b", "out", "work#0", "work#1", "work#2"])
    for stage in ["work", "out"] {
      let spans = recording.lanes.filter { $0.stage == stage }.flatMap(\.spans)
      let frames = spans.map { "\(recording.streams[$0.stream] ?? "?") \($0.sequence)" }
      #expect(frames.count == 1000)
      #expect(Set(frames) == Set((0..<700).map { "a \($0)" } + (0..<300).map { "b \($0)" }))
    }
    for lane in recording.lanes {
      for span in lane.spans {
        #expect(span.enqueued <= span.start && span.start <= span.end && span.end <= span.released)
      }
      for (span, next) in zip(lane.spans, lane.spans.dropFirst()) {
        #expect(span.released <= next.start, "\(lane.thread)")
      }
    }
  }

  @Test("given frames that are dropped and fail, when they have run, then each loss is there once with its place")
  func losses() throws {
    let odd = DropReason(rawValue: "odd")
    let (recording, figures) = try record(
      [
        .source("in", count: 200),
        .transform("filter", after: ["in"]) { frame, _ in
          if frame.header.sequence % 10 == 0 { throw PipelineError("bad", consequence: .skipFrame, code: .malformed) }
          return frame.header.sequence % 2 == 1 ? .drop(odd) : .emit(frame)
        },
        .sink("out", after: ["filter"], into: Collector()),
      ], SpanRecorder())
    let byReason = Dictionary(grouping: recording.losses, by: \.reason).mapValues(\.count)
    #expect(byReason == ["odd": 100, "failed": 20])
    #expect(Set(recording.losses.map(\.sequence)).count == 120)
    #expect(recording.losses.allSatisfy { $0.stage == "filter" })
    #expect(figures.ledger.droppedTotal == 100 && figures.ledger.failedTotal == 20)
  }

  @Test("given a live source without room, when it has run, then what it and the queue gave up is there")
  func overload() throws {
    let gate = Monitor(false)
    let (recording, figures) = try record(
      [
        // The stage waits until the source has brought everything.
        .source("in", count: 50, isLive: true) { if $0 == 49 { gate.change { $0 = true } } },
        .transform("work", after: ["in"], queue: 2) { frame, _ in
          _ = gate.wait { $0 ? true : nil }
          return .emit(frame)
        },
        .sink("out", after: ["work"], into: Collector()),
      ], SpanRecorder(), framesInFlight: 4)
    #expect(recording.losses.count == figures.ledger.droppedTotal)
    #expect(figures.ledger.droppedTotal > 0)
    for (place, count) in figures.ledger.dropped {
      #expect(recording.losses.count { $0.stage == place.stage && $0.reason == place.reason.rawValue } == count)
    }
  }

  @Test("given room for 100 spans and 5 losses, when more come, then they are counted and memory stays bounded")
  func overflow() throws {
    let (recording, _) = try record(
      [
        .source("in", count: 3000),
        .transform("work", after: ["in"]) { frame, _ in
          frame.header.sequence < 20 ? .drop(DropReason(rawValue: "first")) : .emit(frame)
        },
      ], SpanRecorder(spanLimit: 100, lossLimit: 5))
    #expect(recording.lanes.reduce(0) { $0 + $1.spans.count } == 100)
    #expect(recording.losses.count == 5)
    // 3000 frames in two stages, and 20 losses.
    #expect(recording.overflow == 6000 - 100 + 15)
  }

  @Test("given two seconds to keep, when the run is longer, then later spans are left out and not counted as lost")
  func seconds() throws {
    let clock = ManualClock(), recorder = SpanRecorder(seconds: 2), hasBegun = Monitor(false)
    let runner = try PipelineRunner(
      PipelinePlan(
        name: "test", framesInFlight: 1,
        stages: [
          .source("in", count: 10) { _ in _ = hasBegun.wait { $0 ? true : nil } },
          .transform("work", after: ["in"]) { frame, _ in
            clock.advance(milliseconds: 500)
            return .emit(frame)
          },
        ]),
      clock: clock, instruments: RunInstruments(spans: recorder))
    try runner.start()
    hasBegun.change { $0 = true }
    _ = runner.wait()
    let work = recorder.recording.lanes.filter { $0.stage == "work" }.flatMap(\.spans)
    // The clock moves with the work alone: 0.5, 1, 1.5 and 2 s.
    #expect(work.map(\.sequence) == [0, 1, 2, 3])
    #expect(recorder.recording.overflow == 0)
  }
}

@Suite("Time at work")
struct UtilisationTests {
  /// One frame at a time, on a clock that only the work moves: every figure follows.
  private func run(work: Double, sink: Double, count: Int = 40, failing: Bool = false) throws -> PipelineRunner.Snapshot
  {
    let clock = ManualClock(), hasBegun = Monitor(false)
    let runner = try PipelineRunner(
      PipelinePlan(
        name: "test", framesInFlight: 1,
        stages: [
          .source("in", count: count) { _ in _ = hasBegun.wait { $0 ? true : nil } },
          .transform("work", after: ["in"]) { frame, _ in
            clock.advance(milliseconds: work)
            if failing { throw PipelineError("bad", consequence: .skipFrame, code: .malformed) }
            return .emit(frame)
          },
          .transform("end", after: ["work"]) { frame, _ in
            clock.advance(milliseconds: sink)
            return .emit(frame)
          },
        ]), clock: clock)
    try runner.start()
    hasBegun.change { $0 = true }
    _ = runner.wait()
    return runner.snapshot()
  }

  @Test("given one frame at a time, when two stages take turns, then their shares of the time are those of their work")
  func shares() throws {
    let figures = try run(work: 30, sink: 10)
    func share(_ id: String) -> Double {
      figures.stages.first { $0.id == id }.map { figures.utilisation(of: $0) } ?? -1
    }
    #expect(share("work") == 0.75)
    #expect(share("end") == 0.25)
    // The source brings each frame when the one before has left; the way of the last may be seen by it or not.
    let source = try #require(figures.stages.first { $0.id == "in" })
    let seen = source.values.blockedNanoseconds + source.values.workNanoseconds
    #expect((39 * 40_000_000...40 * 40_000_000).contains(seen))
  }

  @Test("given work that fails, when measured, then it was work all the same")
  func failures() throws {
    let figures = try run(work: 20, sink: 10, failing: true)
    #expect(figures.ledger.failedTotal == 40)
    let work = try #require(figures.stages.first { $0.id == "work" })
    #expect(work.values.workNanoseconds == 40 * 20_000_000)
    #expect(work.framesWorked == 40)
    #expect(work.values.service.count == 0, "the report's service times are those of frames that went on")
    #expect(figures.utilisation(of: work) == 1)
  }
}
