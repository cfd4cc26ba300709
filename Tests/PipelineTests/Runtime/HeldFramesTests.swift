import PipelineTestSupport
import PipelineTesting
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Pipeline

/// Keeps frames of each stream back, and writes into each as an event which frame had come last when it went on.
private final class Holder: FrameStage {
  typealias Configuration = NoConfiguration
  static let type = "transform.hold"
  static let summary = ""
  static let role = StageRole.transform

  let delay: Int
  /// Frames that are refused, that fail later, and those at which the stage breaks down.
  let refused: Set<Int>
  let failing: Set<Int>
  let breaking: Set<Int>

  init(_ configuration: NoConfiguration, context: StageContext) throws {
    throw PipelineError("made by tests only", code: .internalFault)
  }

  init(delay: Int, refused: Set<Int>, failing: Set<Int>, breaking: Set<Int>) {
    (self.delay, self.refused, self.failing, self.breaking) = (delay, refused, failing, breaking)
  }

  var interface: StageInterface {
    var interface = StageInterface()
    interface.heldFrames = delay
    return interface
  }

  func makeWorker(_ context: WorkerContext) -> any FrameWorker { Worker(self) }

  static func plan(
    _ id: String, after: [String], delay: Int, refused: Set<Int> = [], failing: Set<Int> = [], breaking: Set<Int> = []
  ) -> PipelinePlan.StagePlan {
    PipelinePlan.StagePlan(
      id: id,
      descriptor: StageDescriptor(type: type, summary: summary, role: role) { _, _ in
        Holder(delay: delay, refused: refused, failing: failing, breaking: breaking)
      }, after: after)
  }

  private final class Worker: HoldingWorker {
    let stage: Holder
    var held: [String: [Frame]] = [:]
    var ready: [ReleasedFrame] = []

    init(_ stage: Holder) { self.stage = stage }

    func take(_ frame: Frame) throws {
      let sequence = frame.header.sequence
      if stage.refused.contains(sequence) {
        throw PipelineError("refused", consequence: .skipFrame, code: .malformed)
      }
      if stage.breaking.contains(sequence) { throw PipelineError("broken", code: .internalFault) }
      held[frame.header.stream.id, default: []].append(frame)
      while let waiting = held[frame.header.stream.id], waiting.count > stage.delay {
        finish(waiting[0], last: sequence)
        held[frame.header.stream.id]?.removeFirst()
      }
    }

    private func finish(_ frame: Frame, last: Int) {
      if stage.failing.contains(frame.header.sequence) {
        ready.append(
          .failed(frame.header, PipelineError("failed", consequence: .skipFrame, code: .malformed)))
        return
      }
      var frame = frame
      frame.add(FrameEvent(stage: "hold", kind: "\(last)"))
      ready.append(.emit(frame))
    }

    func next() -> ReleasedFrame? { ready.isEmpty ? nil : ready.removeFirst() }

    func release() {
      for (_, frames) in held.sorted(by: { $0.key < $1.key }) { for frame in frames { finish(frame, last: -1) } }
      held = [:]
    }
  }
}

@Suite("Frames that a stage keeps back", .timeLimit(.minutes(5)))
struct HeldFramesTests {
  @Test(
    "given a stage that looks ahead, when a file ends, then every frame comes, in order, and none before those it waits for",
    arguments: [0, 1, 5], [nil, 6])
  func looksAhead(delay: Int, framesInFlight: Int?) throws {
    let out = Collector()
    let (outcome, figures) = try run(
      [
        .source("in", count: 200), .transform("work", after: ["in"], workers: 3),
        Holder.plan("hold", after: ["work"], delay: delay), .sink("out", after: ["hold"], into: out),
      ], framesInFlight: framesInFlight)
    #expect(outcome.exit == .success)
    #expect(out.sequences == Array(0..<200))
    for frame in out.all {
      let last = Int(frame.events.first?.kind ?? "") ?? -2
      #expect(last == (frame.header.sequence + delay < 200 ? frame.header.sequence + delay : -1))
    }
    #expect(figures.ledger.delivered == 200)
    expectBalanced(figures)
  }

  @Test("given two sources, when each is kept back by itself, then neither waits for the other's frames")
  func streams() throws {
    let out = Collector()
    let (_, figures) = try run(
      [
        .source("a", count: 50), .source("b", count: 3), Holder.plan("hold", after: ["a", "b"], delay: 4),
        .sink("out", after: ["hold"], into: out),
      ], framesInFlight: 5)
    #expect(out.sequences(of: "a") == Array(0..<50))
    #expect(out.sequences(of: "b") == [0, 1, 2])
    expectBalanced(figures)
  }

  @Test("given a join behind it, when one branch is kept back, then the branches still meet")
  func join() throws {
    let out = Collector()
    let (_, figures) = try run(
      [
        .source("in", count: 60), Holder.plan("hold", after: ["in"], delay: 3, failing: [7]),
        .transform("other", after: ["in"]), .sink("out", after: ["hold", "other"], into: out),
      ], framesInFlight: 4)
    #expect(out.sequences == (0..<60).filter { $0 != 7 })
    #expect(figures.ledger.failedTotal == 1)
    expectBalanced(figures)
  }

  @Test("given frames that fail, at once or later, when the run ends, then they alone are lost and counted")
  func failures() throws {
    let out = Collector()
    let (_, figures) = try run(
      [
        .source("in", count: 40),
        Holder.plan("hold", after: ["in"], delay: 3, refused: [5, 39], failing: [0, 20, 38]),
        .sink("out", after: ["hold"], into: out),
      ], framesInFlight: 6)
    #expect(out.sequences == (0..<40).filter { ![0, 5, 20, 38, 39].contains($0) })
    #expect(figures.ledger.failed == ["hold": 5])
    expectBalanced(figures)
  }

  @Test("given a stage that breaks down, when it holds frames, then they are given up and the account is closed")
  func breakDown() throws {
    let out = Collector()
    let (outcome, figures) = try run(
      [
        .source("in", count: 1000), Holder.plan("hold", after: ["in"], delay: 3, breaking: [10]),
        .sink("out", after: ["hold"], into: out),
      ], framesInFlight: 6)
    #expect(outcome.failure?.message == "broken")
    #expect(out.sequences == Array(0..<7))
    #expect(figures.ledger.dropped[.init(stage: "hold", reason: .aborted)] ?? 0 >= 3)
    expectBalanced(figures)
  }

  @Test(
    "given fewer frames in flight than are kept back, when it is built, then it is refused with the number it needs")
  func tooFewInFlight() throws {
    let stages: [PipelinePlan.StagePlan] = [
      .source("in", count: 9), Holder.plan("hold", after: ["in"], delay: 3),
      Holder.plan("again", after: ["hold"], delay: 2), .sink("out", after: ["again"], into: Collector()),
    ]
    let error = #expect(throws: StageBuildErrors.self) { try run(stages, framesInFlight: 5) }
    #expect(
      error?.errors.first?.message
        == "'again' keeps back 2 frames of each stream, and framesInFlight allows 5")
    #expect(error?.errors.first?.remedy == "set framesInFlight to 6 or more, or remove it")
    let (_, figures) = try run(stages, framesInFlight: 6)
    #expect(figures.ledger.delivered == 9)
  }

  @Test("given live frames and no limit, when they are kept back, then their credits come on top")
  func credits() throws {
    let runner = try PipelineRunner(
      PipelinePlan(
        name: "t",
        stages: [
          .source("in", count: 1, isLive: true), Holder.plan("hold", after: ["in"], delay: 9),
          .sink("out", after: ["hold"], into: Collector()),
        ]), logger: LogLines().logger())
    #expect(runner.plan.heldFrames == 9)
    #expect(runner.plan.effectiveFramesInFlight(isLive: true) == 9 + 1 + 3 * 5)
    #expect(runner.plan.effectiveFramesInFlight(isLive: false) == 9 + 6)
  }
}
