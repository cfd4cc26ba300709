import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline

@Suite("Streams that come and go")
struct StreamTests {
  @Test("given a run that stays open, when a stream is added and then stopped, then both streams are delivered whole")
  func addStream() throws {
    let collector = Collector()
    let runner = try PipelineRunner(
      PipelinePlan(name: "t", stages: [.source("a", count: 20), .sink("out", after: ["a"], into: collector)]),
      staysOpen: true)
    try runner.start()
    try runner.addStream(id: "b", url: "anything")
    #expect(throws: PipelineError.self) { try runner.addStream(id: "c", url: "anything", to: "nowhere") }
    collector.wait(for: 40)
    runner.requestStop()
    let outcome = runner.wait()
    #expect(outcome.exit == .success)
    #expect(collector.sequences(of: "a") == Array(0..<20))
    #expect(collector.sequences(of: "b") == Array(0..<20))
    let snapshot = runner.snapshot()
    expectBalanced(snapshot)
    #expect(snapshot.streamFigures.map(\.id) == ["a", "b"])
    #expect(throws: PipelineError.self) { try runner.addStream(id: "d", url: "anything") }
  }

  @Test("given two streams, when one is removed, then it ends alone and the other is delivered whole")
  func removeStream() throws {
    let collector = Collector()
    let hold = Monitor(false)
    let runner = try PipelineRunner(
      PipelinePlan(
        name: "t",
        stages: [
          .source("a", count: 1_000_000) { _ in _ = hold.wait { $0 ? true : nil } }, .source("b", count: 30),
          .sink("out", after: ["a", "b"], into: collector),
        ]))
    try runner.start()
    #expect(throws: PipelineError.self) { try runner.removeStream(id: "c") }
    try runner.removeStream(id: "a")
    hold.change { $0 = true }
    #expect(runner.wait().exit == .success)
    #expect(collector.sequences(of: "b") == Array(0..<30))
    #expect(collector.sequences(of: "a").count < 1_000_000)
    expectBalanced(runner.snapshot())
  }

  @Test("given two sources with the same stream id, when built, then both are named")
  func twins() throws {
    let stages: [PipelinePlan.StagePlan] = [
      .source("a", count: 1), .source("a2", count: 1, stream: "a"),
      .sink("out", after: ["a", "a2"], into: Collector()),
    ]
    let error = #expect(throws: StageBuildErrors.self) { try PipelineRunner(PipelinePlan(name: "t", stages: stages)) }
    #expect(error?.errors.first?.description.contains("'a' is defined in 'a' and in 'a2'") == true)
  }

  @Test(
    "given a stage slower than the deadline allows, when live frames come, then late ones are dropped before work and all is accounted"
  )
  func deadlines() throws {
    let clock = ManualClock()
    let collector = Collector()
    // Each frame is captured 10 ms after the one before and must be out within 50 ms; the work takes 40 ms.
    let runner = try PipelineRunner(
      PipelinePlan(
        name: "t",
        stages: [
          .source("a", count: 200, isLive: true, deadlineMs: 50),
          .transform("work", after: ["a"], queue: 256) { frame, _ in
            clock.advance(milliseconds: 40)
            return .emit(frame)
          },
          .sink("out", after: ["work"], into: collector, queue: 256),
        ]), clock: clock)
    try runner.start()
    #expect(runner.wait().exit == .success)
    let snapshot = runner.snapshot()
    expectBalanced(snapshot)
    let stream = try #require(snapshot.streamFigures.first)
    #expect(stream.values.withDeadline == 200)
    // The clock may go on between the last check and the end of the sink's work: such frames count as late.
    #expect(stream.values.inTime + stream.values.late == snapshot.ledger.delivered)
    #expect(snapshot.ledger.dropped.keys.map(\.reason).contains(.late))
    #expect(stream.values.attainment == Double(stream.values.inTime) / 200)
  }

  @Test("given stages of 3 and 4 ms, when frames come one at a time, then each has 7 ms of work, its waiting left out")
  func work() throws {
    let clock = ManualClock()
    func stage(_ id: String, after: String, milliseconds: Double) -> PipelinePlan.StagePlan {
      .transform(id, after: [after]) { frame, _ in
        clock.advance(milliseconds: milliseconds)
        return .emit(frame)
      }
    }
    // With more than one frame in flight one stage would see the time go by that the other one takes.
    let runner = try PipelineRunner(
      PipelinePlan(
        name: "t", framesInFlight: 1,
        stages: [
          .source("a", count: 20), stage("quick", after: "a", milliseconds: 3),
          stage("slow", after: "quick", milliseconds: 4), .sink("out", after: ["slow"], into: Collector()),
        ]), clock: clock)
    try runner.start()
    #expect(runner.wait().exit == .success)
    let work = try #require(runner.snapshot().streamFigures.first).values.work
    #expect(work.count == 20)
    #expect(work.maximumNanoseconds == 7_000_000)
    #expect(abs(work.meanMilliseconds - 7) < 1e-9)
  }

  @Test(
    "given a source that tells of its stream, when its state changes, then the sink hears each change once, in place")
  func health() throws {
    let board = HealthBoard(clock: ManualClock(), logger: .init(label: "t"))
    let stream = StreamInfo(id: "cam", sourceStage: "cam", isLive: true), metrics = StreamMetrics()
    func tell(_ state: StreamState, _ attempt: Int = 1) -> HealthChange? {
      board.note(state, stream: stream, attempt: attempt, error: attempt > 1 ? "gone" : nil, metrics: metrics)
    }
    #expect(tell(.connecting)?.fault == nil)
    #expect(tell(.streaming)?.previous == .connecting)
    #expect(tell(.stalled)?.fault == .start)
    #expect(tell(.stalled, 2) == nil, "told again")
    #expect(tell(.waiting, 3)?.fault == nil, "the same fault goes on")
    #expect(tell(.streaming, 4)?.fault == .end)
    #expect(tell(.ended)?.fault == nil)
    #expect(metrics.current.faults == 1)
    #expect(
      metrics.current.changes.map(\.health.state) == [.connecting, .streaming, .stalled, .waiting, .streaming, .ended])
    #expect(metrics.current.health?.lastError == "gone")
  }
}
