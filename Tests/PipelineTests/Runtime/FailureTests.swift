@testable import EdgepipeMachine
import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Pipeline

@Suite("Runtime: failures and stops", .timeLimit(.minutes(15)))
struct FailureTests {
  private let broken = PipelineError("the disk is full", remedy: "free some space", code: .writeFailed)

  @Test("given a stage that fails for good, when it does, then the run ends with its reason and what was done stays")
  func stageFailureEndsRun() throws {
    let out = Collector()
    let (outcome, figures) = try run([
      .source("in", count: 100_000),
      .transform("work", after: ["in"]) { frame, _ in
        if frame.header.sequence == 50 { throw broken }
        return .emit(frame)
      },
      .sink("out", after: ["work"], into: out),
    ])
    #expect(outcome.exit == .ioError)
    #expect(outcome.failure?.description == "work: the disk is full; free some space")
    #expect(out.sequences == Array(0..<50))
    #expect(figures.ledger.failed == ["work": 1])
    expectBalanced(figures)
  }

  @Test("given an error that loses one frame, when thrown, then the run goes on and counts it")
  func skippedFrame() throws {
    let out = Collector()
    let (outcome, figures) = try run([
      .source("in", count: 100),
      .transform("work", after: ["in"], workers: 2) { frame, _ in
        if frame.header.sequence % 10 == 0 { throw PipelineError("odd", consequence: .skipFrame, code: .malformed) }
        return .emit(frame)
      },
      .sink("out", after: ["work"], into: out),
    ])
    #expect(outcome.exit == .success)
    #expect(out.all.count == 90)
    #expect(figures.ledger.failed == ["work": 10])
    expectBalanced(figures)
  }

  @Test("given a stage that cannot open, when the run starts, then no frame enters and the reason is told")
  func failedStart() throws {
    let out = Collector()
    let (outcome, figures) = try run([
      .source("in", count: 1000),
      .transform("work", after: ["in"], workers: 2, open: { if $0 == 1 { throw broken } }),
      .sink("out", after: ["work"], into: out),
    ])
    #expect(outcome.exit == .ioError)
    #expect(figures.ledger.admitted == 0)
    #expect(out.all.isEmpty)
  }

  @Test(
    "given a system that starts only some threads, when the run starts, then it ends by itself and every thread is joined",
    arguments: 0..<5)
  func threadsRunOut(startable: Int) throws {
    let started = Mutex(0)
    let runner = try PipelineRunner(
      PipelinePlan(
        name: "test",
        stages: [
          .source("a", count: 100), .source("b", count: 100), .transform("work", after: ["a", "b"], workers: 2),
          .transform("out", after: ["work"]),
        ]),
      launch: { name, run throws(PipelineError) in
        let isAllowed = started.withLock { count in
          count += 1
          return count <= startable
        }
        guard isAllowed else { throw PipelineError("no more threads", code: .unavailable) }
        return try WorkerThread(name: name, run)
      })
    #expect(throws: PipelineError.self) { try runner.start() }
    let outcome = runner.wait()
    #expect(outcome.isOver)
    #expect(outcome.exit == .unavailable)
    expectBalanced(runner.snapshot())
  }

  @Test("given a sink that fails while closing, when the run ends, then the exit status says so")
  func failedFinish() throws {
    let (outcome, figures) = try run([
      .source("in", count: 10), .transform("out", after: ["in"], close: { _ in throw broken }),
    ])
    #expect(outcome.exit == .ioError)
    #expect(figures.ledger.delivered == 10)
  }

  @Test("given two sources, when one fails, then the other is processed whole and the exit status is 1")
  func oneStreamFails() throws {
    let out = Collector()
    let missing = PipelineError("cannot open 'x.mp4'", consequence: .endStream, code: .notFound)
    let (outcome, figures) = try run([
      .source("bad", count: 0, error: missing), .source("good", count: 200),
      .sink("out", after: ["bad", "good"], into: out),
    ])
    #expect(outcome.exit == .partial)
    #expect(outcome.streamFailures.map(\.stream) == ["bad"])
    #expect(out.sequences(of: "good") == Array(0..<200))
    expectBalanced(figures)
  }

  @Test("given one source, when it fails, then its own exit status is the run's")
  func onlyStreamFails() throws {
    let missing = PipelineError("cannot open 'x.mp4'", consequence: .endStream, code: .notFound)
    let (outcome, _) = try run([.source("bad", count: 3, error: missing), .transform("out", after: ["bad"])])
    #expect(outcome.exit == .noInput)
  }

  @Test("given an endless source, when a stop is asked for, then everything in flight is delivered")
  func stopDrains() throws {
    let out = Collector()
    let seen = Monitor(0)
    let runner = try PipelineRunner(
      PipelinePlan(
        name: "test",
        stages: [
          .source("in", count: .max), .transform("work", after: ["in"], workers: 2),
          .transform("out", after: ["work"]) { frame, _ in
            out.add(frame)
            seen.change { $0 += 1 }
            return .emit(frame)
          },
        ]))
    try runner.start()
    _ = seen.wait { $0 >= 100 ? true : nil }
    runner.requestStop()
    let outcome = runner.wait()
    let figures = runner.snapshot()
    #expect(outcome.exit == .success)
    #expect(outcome.wasStopped)
    #expect(out.sequences == Array(0..<out.all.count))
    #expect(figures.ledger.delivered == figures.ledger.admitted)
    expectBalanced(figures)
  }

  @Test("given stages that cannot be made, when the pipeline is built, then all reasons are reported at once")
  func buildErrorsAreCollected() {
    let refusing = StageDescriptor(type: "sink.bad", summary: "", role: .sink) { [broken] _, _ in throw broken }
    let plan = PipelinePlan(
      name: "test",
      stages: [
        .source("in", count: 1), .init(id: "a", descriptor: refusing, after: ["in"]),
        .init(id: "b", descriptor: refusing, after: ["in"]),
      ])
    let errors = #expect(throws: StageBuildErrors.self) { try PipelineRunner(plan) }
    #expect(errors?.errors.compactMap(\.stage) == ["a", "b"])
  }

  @Test("given busy stages, when the run is over, then their CPU time adds up to about the process's")
  func cpuTimeIsAttributed() throws {
    let before = MachineInfo.processCPUNanoseconds
    let (_, figures) = try run([
      .source("in", count: 200),
      .transform("work", after: ["in"], workers: 2) { frame, _ in
        var x = UInt64(frame.header.sequence)
        for _ in 0..<100_000 { x = x &* 6_364_136_223_846_793_005 &+ 1 }
        return x == 0 ? .drop(.late) : .emit(frame)
      },
    ])
    let spent = MachineInfo.processCPUNanoseconds - before
    let work = figures.stages.first { $0.id == "work" }?.cpuNanoseconds ?? 0
    #expect(work > 0)
    #expect(work <= spent)
  }
}
