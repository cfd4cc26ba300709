import Foundation
import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Pipeline

/// Runs a plan to its end and returns the outcome with the figures.
func run(
  _ stages: [PipelinePlan.StagePlan], framesInFlight: Int? = nil
) throws -> (outcome: RunOutcome, figures: PipelineRunner.Snapshot) {
  let runner = try PipelineRunner(PipelinePlan(name: "test", framesInFlight: framesInFlight, stages: stages))
  try runner.start()
  let outcome = runner.wait()
  return (outcome, runner.snapshot())
}

/// Every account of a finished run adds up, by links, stages, streams and in total.
func expectBalanced(_ figures: PipelineRunner.Snapshot, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(figures.ledger.isBalanced && figures.ledger.inFlight == 0, sourceLocation: sourceLocation)
  for link in figures.links { #expect(link.isBalanced, "\(link)", sourceLocation: sourceLocation) }
  for stage in figures.stages {
    let values = stage.values
    #expect(
      values.framesIn == values.framesOut + values.droppedTotal + values.failed, "\(stage.id)",
      sourceLocation: sourceLocation)
  }
}

@Suite("Runtime: frames through a graph", .timeLimit(.minutes(15)))
struct PipelineRunnerTests {
  @Test("given a chain, when it has run, then every frame is delivered once and in order")
  func chain() throws {
    let out = Collector()
    let (outcome, figures) = try run([
      .source("in", count: 500), .transform("work", after: ["in"]), .sink("out", after: ["work"], into: out),
    ])
    #expect(outcome.exit == .success)
    #expect(out.sequences == Array(0..<500))
    #expect(figures.ledger.delivered == 500)
    expectBalanced(figures)
  }

  @Test("given four workers of uneven speed, when they have run, then the order is restored", arguments: [1, 2, 5, 40])
  func workersKeepOrder(framesInFlight: Int) throws {
    let out = Collector()
    let (_, figures) = try run(
      [
        .source("in", count: 400),
        .transform("work", after: ["in"], workers: 4) { frame, _ in
          // Uneven work: every seventh frame costs a few hundred microseconds.
          if frame.header.sequence % 7 == 0 { _ = (0..<20_000).reduce(0, &+) }
          return .emit(frame)
        },
        .sink("out", after: ["work"], into: out),
      ], framesInFlight: framesInFlight)
    #expect(out.sequences == Array(0..<400))
    expectBalanced(figures)
  }

  @Test("given a fan-out that is joined, when it has run, then each frame carries the results of all branches")
  func fanOutAndJoin() throws {
    let out = Collector()
    func finder(_ id: String, workers: Int) -> PipelinePlan.StagePlan {
      .transform(id, after: ["in"], workers: workers) { frame, _ in
        var frame = frame
        let box = Box(x: Float(frame.header.sequence), y: 0, width: 1, height: 1)
        frame.attach(StageResults(stage: id, detections: [Detection(label: id, classIndex: 0, score: 1, box: box)]))
        return .emit(frame)
      }
    }
    let (_, figures) = try run([
      .source("in", count: 300), finder("a", workers: 3), finder("b", workers: 1),
      .sink("out", after: ["a", "b"], into: out),
    ])
    #expect(out.sequences == Array(0..<300))
    for frame in out.all {
      #expect(frame.results.map(\.stage) == ["a", "b"])
      #expect(Set(frame.detections.map(\.box.x)) == [Float(frame.header.sequence)])
    }
    #expect(figures.stages.first { $0.id == "a" }?.values.detections == 300)
    expectBalanced(figures)
  }

  @Test("given a fan-out, when one branch drops frames, then they count as dropped once and the other branch has all")
  func dropInOneBranch() throws {
    let left = Collector(), right = Collector()
    let odd = DropReason(rawValue: "odd")
    let (_, figures) = try run([
      .source("in", count: 200),
      .transform("filter", after: ["in"]) { frame, _ in frame.header.sequence % 2 == 1 ? .drop(odd) : .emit(frame) },
      .sink("left", after: ["filter"], into: left),
      .sink("right", after: ["in"], into: right),
    ])
    #expect(left.sequences == Array(stride(from: 0, to: 200, by: 2)))
    #expect(right.sequences == Array(0..<200))
    #expect(figures.ledger.delivered == 100)
    #expect(figures.ledger.dropped == [Ledger.Place(stage: "filter", reason: odd): 100])
    expectBalanced(figures)
  }

  @Test("given a join, when one branch drops frames, then the join waits for nobody and passes on the whole ones")
  func dropBeforeJoin() throws {
    let out = Collector()
    let third = DropReason(rawValue: "third")
    let (_, figures) = try run([
      .source("in", count: 300),
      .transform("a", after: ["in"], workers: 2) { frame, _ in
        frame.header.sequence % 3 == 0 ? .drop(third) : .emit(frame)
      },
      .transform("b", after: ["in"]),
      .sink("out", after: ["a", "b"], into: out),
    ])
    #expect(out.sequences == (0..<300).filter { $0 % 3 != 0 })
    #expect(figures.ledger.droppedTotal == 100)
    expectBalanced(figures)
  }

  @Test("given two sources, when merged, then each stream arrives whole and in order")
  func mergesSources() throws {
    let out = Collector()
    let (_, figures) = try run([
      .source("one", count: 150), .source("two", count: 250),
      .transform("work", after: ["one", "two"], workers: 3), .sink("out", after: ["work"], into: out),
    ])
    #expect(out.sequences(of: "one") == Array(0..<150))
    #expect(out.sequences(of: "two") == Array(0..<250))
    #expect(figures.streams["one"]?.delivered == 150)
    expectBalanced(figures)
  }

  @Test("given two sources with branches each, when joined and merged at once, then frames never mix")
  func joinsPerSource() throws {
    let out = Collector()
    let (_, figures) = try run([
      .source("one", count: 100), .source("two", count: 100),
      .transform("a", after: ["one", "two"], workers: 2), .transform("b", after: ["one"]),
      .sink("out", after: ["a", "b"], into: out),
    ])
    #expect(out.sequences(of: "one") == Array(0..<100))
    #expect(out.sequences(of: "two") == Array(0..<100))
    expectBalanced(figures)
  }

  @Test("given a queue of one that drops the oldest, when the sink is held up, then every lost frame is in the ledger")
  func overflowIsCounted() throws {
    let out = Collector()
    let hold = Monitor(false)
    let (_, figures) = try run(
      [
        .source("in", count: 100) { if $0 == 99 { hold.change { $0 = true } } },
        .transform("slow", after: ["in"], queue: 1, overflow: .dropOldest) { frame, _ in
          _ = hold.wait { $0 ? true : nil }
          return .emit(frame)
        },
        .sink("out", after: ["slow"], into: out),
      ], framesInFlight: 200)
    let lost = figures.ledger.dropped[Ledger.Place(stage: "slow", reason: .oldest)] ?? 0
    #expect(out.all.count + lost == 100)
    #expect(lost >= 96, "the sink could take two frames while it was held, and the last ones afterwards")
    #expect(out.sequences == out.sequences.sorted())
    expectBalanced(figures)
  }

  @Test("given a live source, when no credit is free, then it goes on and the loss is counted")
  func liveDropsWithoutCredit() throws {
    let out = Collector()
    let hold = Monitor(false)
    let (_, figures) = try run(
      [
        .source("camera", count: 50, isLive: true) { if $0 == 49 { hold.change { $0 = true } } },
        .transform("slow", after: ["camera"], queue: 10) { frame, _ in
          _ = hold.wait { $0 ? true : nil }
          return .emit(frame)
        },
        .sink("out", after: ["slow"], into: out),
      ], framesInFlight: 4)
    #expect(figures.ledger.admitted == 50)
    #expect((figures.ledger.dropped[Ledger.Place(stage: "camera", reason: .noCredit)] ?? 0) >= 45)
    expectBalanced(figures)
  }

  @Test("given a live source and a held-up stage, when the limit is left to itself, then the queue keeps the newest")
  func liveKeepsNewest() throws {
    let out = Collector()
    let hold = Monitor(false)
    let (_, figures) = try run([
      .source("camera", count: 60, isLive: true) { if $0 == 59 { hold.change { $0 = true } } },
      .transform("slow", after: ["camera"]) { frame, _ in
        _ = hold.wait { $0 ? true : nil }
        return .emit(frame)
      },
      .sink("out", after: ["slow"], into: out),
    ])
    #expect(!figures.ledger.dropped.keys.contains { $0.stage == "camera" }, "nothing was refused at the door")
    #expect(out.sequences.last == 59)
    expectBalanced(figures)
  }
}
