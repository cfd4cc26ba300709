import EdgepipeCore
import EdgepipeMachine
import Foundation
import Synchronization

/// One repeat of one configuration: threads that open a session each, warm up, wait for each other, and then share the
/// inferences until all are done.
///
/// The worker that is ready last starts the clocks, and the one that ends last stops them, so that nothing is measured
/// but the work.
final class RepeatRun: Sendable {
  enum Phase: Sendable { case loading, warmingUp, measuring, over }

  private struct State {
    var opener: (@Sendable () throws -> any BenchSession)?
    var opened = 0
    var warm = 0
    var finished = 0
    var isReleased = false
    var mayClose = false
    var failure: (any Error)?
    var loaded: MonotonicTime?
    var begin: BenchInstant?
    var end: BenchInstant?
    var firstStart: MonotonicTime?
    var lastEnd: MonotonicTime?
    var latencies: [[Double]] = []
    var energy = EnergyIntegrator()
    var meterFailure: String?
  }

  private let configuration: BenchConfiguration
  private let warmUps: Int
  private let runs: Int
  private let environment: BenchEnvironment
  private let isStopping: @Sendable () -> Bool
  private let state: Monitor<State>
  private let taken = Atomic<Int>(0)
  private let hasFailed = Atomic<Bool>(false)
  private let began: MonotonicTime

  /// Prepares the configuration; threads and sessions follow with ``start()``.
  ///
  /// - Parameter isStopping: asked before each inference; true ends them.
  init(
    _ configuration: BenchConfiguration, of subject: any BenchSubject, settings: BenchSettings,
    environment: BenchEnvironment, isStopping: @escaping @Sendable () -> Bool
  ) throws {
    self.configuration = configuration
    warmUps = settings.warmUps(of: configuration)
    runs = settings.runs(of: configuration)
    self.environment = environment
    self.isStopping = isStopping
    // Held here alone, so that the model's bytes are gone once all sessions are open.
    state = Monitor(State(opener: try subject.prepare(configuration)))
    began = environment.clock.now()
  }

  /// Inferences begun so far, of those that count, and what is being done.
  var progress: (phase: Phase, done: Int, total: Int) {
    let phase = state.withLock { state -> Phase in
      if state.finished == configuration.workers { return .over }
      if state.isReleased { return .measuring }
      return state.opened == configuration.workers ? .warmingUp : .loading
    }
    return (phase, min(taken.load(ordering: .relaxed), runs), runs)
  }

  func start() throws -> [WorkerThread] {
    var threads: [WorkerThread] = []
    do {
      for index in 0..<configuration.workers {
        threads.append(try WorkerThread(name: "bench-\(index)") { [self] in work() })
      }
    } catch {
      fail(error)
      close()
      for thread in threads { thread.join() }
      throw error
    }
    return threads
  }

  /// Waits until all is measured, or until `deadline` of the system's clock: then it returns false.
  func wait(until deadline: MonotonicTime) -> Bool {
    state.wait(until: deadline) { state in
      state.finished == configuration.workers || state.failure != nil ? true : nil
    } ?? false
  }

  /// Reads the meter in between; does nothing before and after the measured time.
  func readMeter() {
    state.withLock { state in
      if state.begin != nil, state.end == nil { readMeter(&state) }
    }
  }

  /// Lets the workers close their sessions and end.
  func close() { state.change { $0.mayClose = true } }

  /// What came out, without memory. Call it when the threads have ended.
  ///
  /// - Throws: what a session threw.
  func result() throws -> BenchRepeat? {
    try state.withLock { state in
      if let failure = state.failure { throw failure }
      guard let begin = state.begin, let end = state.end, let first = state.firstStart, let last = state.lastEnd else {
        return nil
      }
      let latencies = state.latencies.flatMap { $0 }
      let hasEnergy = state.meterFailure == nil && state.energy.seconds > 0
      return BenchRepeat(
        latenciesMs: latencies, wallSeconds: Double(last.nanoseconds(since: first)) / 1e9,
        cpuSeconds: Double(end.processCPU - begin.processCPU) / 1e9,
        loadSeconds: Double((state.loaded ?? began).nanoseconds(since: began)) / 1e9, memory: nil,
        joules: hasEnergy ? state.energy.joules : nil, meterFailure: state.meterFailure,
        machine: begin.machine.flatMap { before in end.machine.map { $0 - before } },
        isComplete: latencies.count == runs)
    }
  }

  // MARK: - On the workers' threads

  private func work() {
    do {
      let session = try open()
      for _ in 0..<warmUps where !isEnding { try session.run() }
      guard awaitRelease() else { return }
      finish(try measure(session))
      _ = state.wait { $0.mayClose ? true : nil }
      withExtendedLifetime(session) {}
    } catch {
      fail(error)
    }
  }

  private func open() throws -> any BenchSession {
    guard let opener = state.withLock({ $0.opener }) else {
      throw PipelineError("a session is opened after all are open", code: .internalFault)
    }
    let session = try opener()
    state.change { state in
      state.opened += 1
      guard state.opened == configuration.workers else { return }
      state.loaded = environment.clock.now()
      state.opener = nil
    }
    return session
  }

  /// - Returns: false where another worker failed.
  private func awaitRelease() -> Bool {
    state.change { state in
      state.warm += 1
      guard state.warm == configuration.workers, state.failure == nil else { return }
      readMeter(&state)
      state.begin = environment.instant()
      state.isReleased = true
    }
    return state.wait { state in state.failure != nil ? false : state.isReleased ? true : nil }
  }

  /// Latencies in milliseconds, the first start and the last end.
  private typealias Measured = (times: [Double], first: MonotonicTime?, last: MonotonicTime?)

  private func measure(_ session: any BenchSession) throws -> Measured {
    let clock = environment.clock
    var times: [Double] = []
    times.reserveCapacity(runs)
    var first: MonotonicTime?, last: MonotonicTime?
    while !isEnding, taken.wrappingAdd(1, ordering: .relaxed).newValue <= runs {
      let start = clock.now()
      try session.run()
      let end = clock.now()
      times.append(Double(end.nanoseconds(since: start)) / 1e6)
      if first == nil { first = start }
      last = end
    }
    return (times, first, last)
  }

  private func finish(_ measured: Measured) {
    state.change { state in
      state.latencies.append(measured.times)
      state.firstStart = [state.firstStart, measured.first].compactMap { $0 }.min()
      state.lastEnd = [state.lastEnd, measured.last].compactMap { $0 }.max()
      state.finished += 1
      guard state.finished == configuration.workers else { return }
      state.end = environment.instant()
      readMeter(&state)
    }
  }

  private func readMeter(_ state: inout State) {
    do {
      state.energy.add(try environment.power.meter.read(), at: environment.clock.now())
    } catch {
      state.meterFailure = error.description
    }
  }

  private var isEnding: Bool { isStopping() || hasFailed.load(ordering: .relaxed) }

  private func fail(_ error: any Error) {
    hasFailed.store(true, ordering: .relaxed)
    state.change { if $0.failure == nil { $0.failure = error } }
  }
}
