import EdgepipeCore
import Foundation
import Synchronization

/// Measures configurations of one model in rounds: each round does one repeat of each, so that all meet the machine's
/// moods alike. Every second round goes backwards, so that a drift, such as of the temperature, cancels out.
///
/// Every repeat opens its sessions anew. `run` is called once; `requestStop` from any thread.
package final class Bench: Sendable {
  /// How far it is.
  package struct Progress: Sendable {
    package var configuration: BenchConfiguration
    /// From 1.
    package var round: Int
    package var rounds: Int
    /// `loading`, `warming up`, `12 %`.
    package var activity: String
    var elapsedSeconds: Double
    /// Nil while nothing is known of it.
    package var remainingSeconds: Double?
  }

  private let subject: any BenchSubject
  private let configurations: [BenchConfiguration]
  private let settings: BenchSettings
  private let environment: BenchEnvironment
  private let stop = Atomic<Bool>(false)

  package init(
    _ subject: any BenchSubject, configurations: [BenchConfiguration], settings: BenchSettings,
    environment: BenchEnvironment
  ) {
    self.subject = subject
    self.configurations = configurations
    self.settings = settings
    self.environment = environment
  }

  /// Ends after the inference under way; what was measured so far is the result.
  package func requestStop() { stop.store(true, ordering: .relaxed) }

  private var isStopping: Bool { stop.load(ordering: .relaxed) }

  /// - Parameter progress: called on this thread about four times a second.
  /// - Throws: a ``PipelineError`` when no configuration can run, and for faults that are not the configuration's.
  package func run(_ progress: (Progress) -> Void = { _ in }) throws -> BenchResult {
    var rows = configurations.map { BenchRow(configuration: $0) }
    var forecast = BenchForecast(settings: settings)
    let began = environment.clock.now(), started = environment.clock.wallTime()
    let load = LoadAverage(environment.tree)
    var firstFailure: PipelineError?
    var peakIsKernels = true
    for round in 0..<settings.repeats {
      let order = round % 2 == 0 ? Array(rows.indices) : rows.indices.reversed()
      for (place, index) in order.enumerated() where rows[index].failure == nil && !isStopping {
        let left = order[place...].filter { rows[$0].failure == nil }.map { rows[$0].configuration }
        let able = rows.filter { $0.failure == nil }.map(\.configuration)
        let later = (round + 1..<settings.repeats).flatMap { _ in able }
        let start = environment.clock.now()
        do {
          let made = try measure(rows[index].configuration) { run in
            let now = environment.clock.now(), state = run.progress
            let share = state.phase == .measuring ? Double(state.done) / Double(max(1, state.total)) : 0
            progress(
              Progress(
                configuration: rows[index].configuration, round: round + 1, rounds: settings.repeats,
                activity: Self.activity(state.phase, share), elapsedSeconds: Self.seconds(from: began, to: now),
                remainingSeconds: forecast.remaining(
                  left + later, currentSeconds: Self.seconds(from: start, to: now), currentShare: share)))
          }
          peakIsKernels = peakIsKernels && made.peakIsKernels
          guard let done = made.repeat, !done.latenciesMs.isEmpty else { continue }
          rows[index].repeats.append(done)
          forecast.add(rows[index].configuration, seconds: Self.seconds(from: start, to: environment.clock.now()))
        } catch let error as PipelineError where error.code.isOfData || error.code == .invalidConfiguration {
          rows[index].failure = error
          if firstFailure == nil { firstFailure = error }
        }
      }
    }
    if let firstFailure, rows.allSatisfy({ $0.failure != nil && $0.repeats.isEmpty }) { throw firstFailure }
    return BenchResult(
      rows: rows, settings: settings, cores: environment.cores, started: started,
      wallSeconds: Self.seconds(from: began, to: environment.clock.now()), wasStopped: isStopping, loadBefore: load,
      peakIsKernels: peakIsKernels, power: environment.power)
  }

  private static func activity(_ phase: RepeatRun.Phase, _ share: Double) -> String {
    switch phase {
    case .loading: "loading"
    case .warmingUp: "warming up"
    case .measuring: "\(Int(share * 100)) %"
    case .over: "done"
    }
  }

  private static func seconds(from start: MonotonicTime, to end: MonotonicTime) -> Double {
    Double(end.nanoseconds(since: start)) / 1e9
  }

  // MARK: - One repeat

  private static let progressMs = 250.0
  /// Where the kernel does not keep the peak for us.
  private static let memorySampleMs = 20.0

  private func measure(
    _ configuration: BenchConfiguration, _ progress: (RepeatRun) -> Void
  ) throws -> (repeat: BenchRepeat?, peakIsKernels: Bool) {
    _ = PeakMemory.reset(environment.tree)
    let before = PeakMemory(environment.tree)
    let run = try RepeatRun(
      configuration, of: subject, settings: settings, environment: environment, isStopping: { [self] in isStopping })
    // Parsing the model took memory that running it does not.
    let isReset = PeakMemory.reset(environment.tree)
    let threads = try run.start()
    var highest = before?.residentMB ?? 0
    let clock = SystemClock()
    var nextProgress = clock.now(), nextReading = clock.now().advanced(byMilliseconds: 1000)
    while !run.wait(until: clock.now().advanced(byMilliseconds: isReset ? Self.progressMs : Self.memorySampleMs)) {
      let now = clock.now()
      if now >= nextReading {
        run.readMeter()
        nextReading = now.advanced(byMilliseconds: 1000)
      }
      if !isReset { highest = max(highest, PeakMemory(environment.tree)?.residentMB ?? 0) }
      if now >= nextProgress {
        progress(run)
        nextProgress = now.advanced(byMilliseconds: Self.progressMs)
      }
    }
    let running = PeakMemory(environment.tree)
    run.close()
    for thread in threads { thread.join() }
    // Trims the heap, so that only what is really held is counted as held.
    _ = PeakMemory.reset(environment.tree)
    let after = PeakMemory(environment.tree)
    var made = try run.result()
    if let before, let running, let after {
      made?.memory = BenchMemory(
        beforeMB: before.residentMB, runningMB: running.residentMB,
        peakMB: isReset ? running.peakMB : max(highest, running.residentMB), afterMB: after.residentMB)
    }
    return (made, isReset)
  }
}
