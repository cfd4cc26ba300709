import Foundation
import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Measure

@Suite("A benchmark")
struct BenchTests {
  private let settings = BenchSettings(warmUps: 2, runs: 4, batches: 2, repeats: 3)

  @Test("Given inferences of known length, when measured, then every figure is exact")
  func exact() throws {
    var machine = FakeMachine()
    machine.files["/proc/loadavg"] = "0.10 0.20 0.30 1/100 1234\n"
    machine.files["/proc/self/status"] = "Name:\tx\nVmHWM:\t  20480 kB\nVmRSS:\t  10240 kB\n"
    let clock = machine.clock
    // Warm-ups take 100 ms; of the four that count, 10, 20, 30 and 40.
    let subject = FakeSubject { _, inference in
      clock.advance(milliseconds: inference < 2 ? 100 : Double(inference - 1) * 10)
    }
    let result = try Bench(
      subject, configurations: [.test()], settings: settings, environment: machine.environment
    ).run()
    let row = try #require(result.rows.first)
    #expect(row.repeats.count == 3 && row.failure == nil && !result.wasStopped)
    for repeated in row.repeats {
      #expect(repeated.latenciesMs == [10, 20, 30, 40])
      #expect(repeated.isComplete)
      #expect(abs(repeated.wallSeconds - 0.1) < 1e-12)
      #expect(abs(repeated.cpuSeconds - 0.05) < 1e-12)
      // 2 W x 0.1 s + 4 W x 0.05 CPU seconds, to the counter's microjoule.
      #expect(abs(try #require(repeated.joules) - 0.4) < 2e-6)
      // The kernel cannot be asked to forget its peak here, so that it is looked for.
      #expect(repeated.memory == BenchMemory(beforeMB: 10, runningMB: 10, peakMB: 10, afterMB: 10))
    }
    #expect(!result.peakIsKernels)
    #expect(result.loadBefore?.oneMinute == 0.1)
    let figures = try #require(BenchFigures(row, cores: 2))
    #expect(figures.latency.count == 12)
    #expect(figures.latency.median == 25 && figures.latency.maximum == 40)
    #expect(abs(figures.inferencesPerSecond - 40) < 1e-9)
    #expect(abs(figures.busyCores - 0.5) < 1e-9)
    #expect(abs(figures.cpuMsPerInference - 12.5) < 1e-9)
    #expect(abs(try #require(figures.joulesPerInference) - 0.1) < 2e-6)
    #expect(abs(try #require(figures.watts) - 4) < 1e-4)
    // All repeats are the same: the interval has no width.
    #expect(figures.p50.flatMap { ConfidenceInterval($0) }?.margin == 0)
    #expect(figures.spread == 0)
    // A machine whose /proc/stat cannot be read tells nothing of others.
    #expect(figures.machine == nil)
  }

  @Test("Given two configurations, when measured, then their repeats take turns, every second round backwards")
  func interleaves() throws {
    let machine = FakeMachine(), clock = machine.clock
    let subject = FakeSubject { configuration, _ in clock.advance(milliseconds: Double(configuration.batch)) }
    let result = try Bench(
      subject, configurations: [.test(), .test(batch: 3)], settings: settings, environment: machine.environment
    ).run()
    #expect(subject.prepared.withLock { $0.map(\.batch) } == [1, 3, 3, 1, 1, 3])
    #expect(result.rows.map { $0.repeats.map(\.latenciesMs.count) } == [[4, 4, 4], [2, 2, 2]])
    // Three times 2 warm-ups and 4 runs, three times 2 warm-ups and 2 batches.
    #expect(subject.inferences.withLock { $0 } == 30)
    // Three pictures in 3 ms.
    #expect(abs(try #require(BenchFigures(result.rows[1], cores: 2)).picturesPerSecond - 1000) < 1e-9)
    #expect(subject.opened.withLock { $0 } == 6 && subject.closed.withLock { $0 } == 6)
  }

  @Test("Given two workers, when measured, then each has a session and together they do as many runs as asked")
  func workers() throws {
    let machine = FakeMachine(), clock = machine.clock
    let subject = FakeSubject { _, _ in clock.advance(milliseconds: 1) }
    let settings = BenchSettings(warmUps: 3, runs: 500, batches: 1, repeats: 2)
    let result = try Bench(
      subject, configurations: [.test(workers: 2)], settings: settings, environment: machine.environment
    ).run()
    #expect(result.rows[0].repeats.map(\.latenciesMs.count) == [500, 500])
    #expect(subject.opened.withLock { $0 } == 4 && subject.closed.withLock { $0 } == 4)
    // Twice 500 runs, and 3 warm-ups of each of two workers.
    #expect(subject.inferences.withLock { $0 } == 1012)
    let figures = try #require(BenchFigures(result.rows[0], cores: 2))
    #expect(figures.earlyStopping90 == nil, "two streams are no single stream")
  }

  @Test("Given a configuration that cannot run, when measured, then its row says why and the others are measured")
  func unsupported() throws {
    let machine = FakeMachine(), clock = machine.clock
    let refusal = PipelineError("takes no batches", code: .malformed)
    let subject = FakeSubject(opening: { if $0.batch > 1 { throw refusal } }) { _, _ in clock.advance(milliseconds: 1) }
    let result = try Bench(
      subject, configurations: [.test(batch: 4), .test()], settings: settings, environment: machine.environment
    ).run()
    #expect(result.rows[0].failure?.message == "takes no batches" && result.rows[0].repeats.isEmpty)
    #expect(result.rows[1].failure == nil && result.rows[1].repeats.count == 3)
    // It is not tried again.
    #expect(subject.prepared.withLock { $0.map(\.batch) } == [4, 1, 1, 1])
  }

  @Test("Given nothing that can run, or a fault that is no configuration's, when measured, then the error comes out")
  func fails() throws {
    let machine = FakeMachine()
    func bench(_ error: PipelineError) -> Bench {
      Bench(
        FakeSubject(opening: { _ in throw error }) { _, _ in }, configurations: [.test(), .test(batch: 2)],
        settings: settings, environment: machine.environment)
    }
    let refused = #expect(throws: PipelineError.self) { try bench(PipelineError("no", code: .malformed)).run() }
    #expect(refused?.exit == .dataError)
    let missing = #expect(throws: PipelineError.self) { try bench(PipelineError("no", code: .unavailable)).run() }
    #expect(missing?.exit == .unavailable)
  }

  @Test("Given a worker that fails in the midst, when measured, then the others end too and the row says why")
  func failsInTheMidst() throws {
    let machine = FakeMachine(), clock = machine.clock
    let failures = Mutex(0)
    let subject = FakeSubject { configuration, inference in
      clock.advance(milliseconds: 1)
      guard configuration.workers == 2, inference == 3 else { return }
      failures.withLock { $0 += 1 }
      throw PipelineError("broke", code: .malformed)
    }
    let settings = BenchSettings(warmUps: 1, runs: 1_000_000, batches: 1, repeats: 2)
    let quick = BenchSettings(warmUps: 4, runs: 10, batches: 1, repeats: 2)
    for settings in [settings, quick] {
      // While measuring, and while warming up.
      #expect(throws: PipelineError.self) {
        try Bench(
          subject, configurations: [.test(workers: 2)], settings: settings, environment: machine.environment
        ).run()
      }
    }
    #expect(failures.withLock { $0 } >= 2)
    #expect(subject.opened.withLock { $0 } == subject.closed.withLock { $0 })
  }

  @Test("Given a stop in the midst, when measured, then what was done is kept and told from whole repeats")
  func stops() throws {
    let machine = FakeMachine(), clock = machine.clock
    let box = Mutex<Bench?>(nil)
    let count = Mutex(0)
    let subject = FakeSubject { _, _ in
      clock.advance(milliseconds: 1)
      // The first repeat takes 2 + 4; then 2 warm-ups and 1 that counts.
      if count.withLock({
        $0 += 1; return $0
      }) == 9 {
        box.withLock { $0?.requestStop() }
      }
    }
    let bench = Bench(
      subject, configurations: [.test(), .test(batch: 2)],
      settings: BenchSettings(warmUps: 2, runs: 4, batches: 4, repeats: 3), environment: machine.environment)
    box.withLock { $0 = bench }
    let result = try bench.run()
    box.withLock { $0 = nil }
    #expect(result.wasStopped)
    #expect(result.rows.map { $0.repeats.map(\.latenciesMs.count) } == [[4], [1]])
    #expect(result.rows.map { $0.repeats.map(\.isComplete) } == [[true], [false]])
    let partial = try #require(BenchFigures(result.rows[1], cores: 2))
    #expect(partial.p50 == nil && partial.latency.median == 1)
  }
}
