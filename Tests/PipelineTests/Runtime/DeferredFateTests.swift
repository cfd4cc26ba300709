import Foundation
import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Pipeline

/// A sink that commits in groups on a thread of its own, in any order, with a fate that each group draws.
private final class GroupingSink: Sendable {
  private struct State {
    var group: (fate: DeferredFate, frames: Int)?
    var pending: [(fate: DeferredFate, frames: Int)] = []
    var random: SplitMix64
    var delivered = 0
    var dropped = 0
    var failed = 0
  }

  private let state: Mutex<State>
  private let groupSize: Int

  init(seed: UInt64, groupSize: Int) {
    state = Mutex(State(random: SplitMix64(seed: seed)))
    self.groupSize = groupSize
  }

  var told: (delivered: Int, dropped: Int, failed: Int) {
    state.withLock { ($0.delivered, $0.dropped, $0.failed) }
  }

  func take(_ frame: Frame) -> FrameOutcome {
    state.withLock { state in
      var group = state.group ?? (DeferredFate(), 0)
      group.frames += 1
      state.group = group.frames == groupSize ? nil : group
      if group.frames == groupSize { state.pending.append(group) }
      return .deferred(group.fate)
    }
  }

  /// Settles one of the groups that wait.
  func commitOne() {
    // Told while the lock is held: what is no longer pending has been told.
    state.withLock { state in
      guard !state.pending.isEmpty else { return }
      let group = state.pending.remove(at: Int.random(in: 0..<state.pending.count, using: &state.random))
      switch Int.random(in: 0..<4, using: &state.random) {
      case 0:
        state.dropped += group.frames
        group.fate.settle(.dropped(DropReason(rawValue: "full")))
      case 1:
        state.failed += group.frames
        group.fate.settle(.failed(PipelineError("no room", consequence: .skipFrame, code: .writeFailed)))
      default:
        state.delivered += group.frames
        group.fate.settle(.delivered)
      }
    }
  }

  func finish() {
    state.withLock { state in
      if let group = state.group { state.pending.append(group) }
      state.group = nil
    }
    while state.withLock({ !$0.pending.isEmpty }) { commitOne() }
  }
}

@Suite("Fates that come later", .timeLimit(.minutes(15)))
struct DeferredFateTests {
  @Test(
    "given groups that are settled in any order, from any thread, when the run ends, then every account adds up",
    arguments: 0..<12)
  func balances(seed: Int) throws {
    let sink = GroupingSink(seed: UInt64(seed), groupSize: 1 + seed % 7), done = Atomic<Bool>(false)
    let committer = Thread {
      while !done.load(ordering: .relaxed) {
        sink.commitOne()
        sched_yield()
      }
    }
    committer.start()
    let (outcome, figures) = try run(
      [
        .source("in", count: 300),
        .transform("work", after: ["in"]) { frame, _ in
          frame.header.sequence % 10 == 9 ? .drop(DropReason(rawValue: "chosen")) : .emit(frame)
        },
        .transform(
          "out", after: ["work"], workers: 1 + seed % 3, { frame, _ in sink.take(frame) },
          close: { _ in sink.finish() }),
      ], framesInFlight: 1 + seed % 5)
    done.store(true, ordering: .relaxed)
    #expect(outcome.exit == .success)
    expectBalanced(figures)
    let told = sink.told
    #expect(told.delivered + told.dropped + told.failed == 270)
    #expect(figures.ledger.delivered == told.delivered)
    #expect(figures.ledger.droppedTotal == told.dropped + 30)
    #expect(figures.ledger.failedTotal == told.failed)
  }

  @Test("given one credit and a sink that tells nothing yet, when frames come, then none waits for the commit")
  func creditsReturn() throws {
    let fate = DeferredFate()
    let (_, figures) = try run(
      [
        .source("in", count: 50),
        .transform("out", after: ["in"], { _, _ in .deferred(fate) }, close: { _ in fate.settle(.delivered) }),
      ], framesInFlight: 1)
    #expect(figures.ledger.delivered == 50)
    expectBalanced(figures)
  }

  @Test("given a frame that one branch loses, when the other branch's commit succeeds, then the loss is its fate")
  func lossWins() throws {
    let fate = DeferredFate()
    let (_, figures) = try run([
      .source("in", count: 20),
      .transform("a", after: ["in"]) { frame, _ in .drop(DropReason(rawValue: "chosen")) },
      .transform("b", after: ["in"], { _, _ in .deferred(fate) }, close: { _ in fate.settle(.delivered) }),
    ])
    #expect(figures.ledger.droppedTotal == 20 && figures.ledger.delivered == 0)
    #expect(figures.stages.first { $0.id == "b" }?.values.framesOut == 20)
    expectBalanced(figures)
  }

  @Test("given a fate that is known before the outcome is returned, when the frame is done, then it has that fate")
  func settledBefore() throws {
    let (_, figures) = try run([
      .source("in", count: 5),
      .transform("out", after: ["in"]) { _, _ in
        let fate = DeferredFate()
        fate.settle(.dropped(DropReason(rawValue: "full")))
        fate.settle(.delivered)
        return .deferred(fate)
      },
    ])
    #expect(figures.ledger.dropped == [Ledger.Place(stage: "out", reason: DropReason(rawValue: "full")): 5])
    expectBalanced(figures)
  }

  @Test("given a sink that ends without telling, when the run ends, then its frames have failed and none is in flight")
  func forgotten() throws {
    let (outcome, figures) = try run([
      .source("in", count: 8), .transform("out", after: ["in"]) { _, _ in .deferred(DeferredFate()) },
    ])
    #expect(outcome.exit == .success)
    #expect(figures.ledger.failed == ["out": 8])
    expectBalanced(figures)
  }

  @Test("given a stage that has others after it, when it defers, then its frames have failed")
  func transformsMayNot() throws {
    let out = Collector()
    let (_, figures) = try run([
      .source("in", count: 4), .transform("work", after: ["in"]) { _, _ in .deferred(DeferredFate()) },
      .sink("out", after: ["work"], into: out),
    ])
    #expect(figures.ledger.failed == ["work": 4] && out.all.isEmpty)
    expectBalanced(figures)
  }

  @Test("given a clock that moves while a commit lasts, when latency is counted, then it ends with the handing over")
  func latencyEndsBefore() throws {
    let clock = ManualClock(), fate = DeferredFate()
    let runner = try PipelineRunner(
      PipelinePlan(
        name: "test",
        stages: [
          .source("in", count: 1),
          .transform(
            "out", after: ["in"], { _, _ in .deferred(fate) },
            close: { _ in
              clock.advance(milliseconds: 500)
              fate.settle(.delivered)
            }),
        ]), clock: clock)
    try runner.start()
    _ = runner.wait()
    let latency = try #require(runner.snapshot().streamFigures.first).values.latency
    #expect(latency.count == 1 && latency.maximumNanoseconds < 1_000_000)
  }
}
