package import Detectors
import EdgepipeMachine
package import Foundation
import Synchronization

/// Models side by side on this machine: several sessions of one thread each, in turns, so that what else the machine
/// does falls on all of them alike.
package struct ThroughputComparison {
  package struct Candidate {
    var name: String
    var model: Data
    /// What every run gets.
    var input: Tensor

    package init(name: String, model: Data, input: Tensor) {
      self.name = name
      self.model = model
      self.input = input
    }
  }

  package struct Figures: Sendable {
    var name: String
    /// Inferences a second of all sessions, the median of the rounds.
    package var rate: Double
    /// Rate over the first candidate's in the same round: the median, the least and the most.
    package var ratio: Double
    package var ratioRange: ClosedRange<Double>
    /// Milliseconds of one inference, the median over all.
    package var latencyMs: Double
    /// CPU time of one inference in milliseconds, the median of the rounds: what other programs on the machine change
    /// least.
    package var cpuMs: Double

    init(
      name: String, rate: Double, ratio: Double, ratioRange: ClosedRange<Double>, latencyMs: Double, cpuMs: Double
    ) {
      (self.name, self.rate, self.ratio, self.ratioRange) = (name, rate, ratio, ratioRange)
      (self.latencyMs, self.cpuMs) = (latencyMs, cpuMs)
    }
  }

  private let candidates: [Candidate]
  private let engine: any InferenceEngine
  private let sessions: Int

  package init(_ candidates: [Candidate], engine: any InferenceEngine, sessions: Int) {
    self.candidates = candidates
    self.engine = engine
    self.sessions = max(1, sessions)
  }

  /// - Parameters:
  ///   - rounds: turns of each candidate.
  ///   - seconds: length of a turn.
  ///   - progress: called before each turn with its number and all turns; throwing ends the work.
  package func run(rounds: Int, seconds: Double, progress: (Int, Int) throws -> Void) throws -> [Figures] {
    let workers = try candidates.map { candidate in
      try (0..<sessions).map { _ in
        SessionBox(
          try engine.makeSession(model: candidate.model, options: SessionOptions(modelName: candidate.name)),
          candidate.input)
      }
    }
    for worker in workers.joined() { for _ in 0..<5 { _ = try worker.runOnce() } }
    var rates = Array(repeating: [Double](), count: candidates.count)
    var times = rates, cpu = rates
    for round in 0..<rounds {
      for index in candidates.indices {
        try progress(round * candidates.count + index, rounds * candidates.count)
        let before = MachineInfo.processCPUNanoseconds
        let turn = try Self.turn(workers[index], seconds: seconds)
        let spent = Double(MachineInfo.processCPUNanoseconds - before) / 1e6
        rates[index].append(turn.rate)
        cpu[index].append(spent / Double(max(1, turn.times.count)))
        times[index] += turn.times
      }
    }
    return candidates.indices.map { index in
      let ratios = zip(rates[index], rates[0]).map { $0 / $1 }
      return Figures(
        name: candidates[index].name, rate: Self.median(rates[index]), ratio: Self.median(ratios),
        ratioRange: (ratios.min() ?? 0)...(ratios.max() ?? 0), latencyMs: Self.median(times[index]) * 1000,
        cpuMs: Self.median(cpu[index]))
    }
  }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard let middle = sorted.indices.contains(sorted.count / 2) ? sorted[sorted.count / 2] : nil else { return 0 }
    return sorted.count % 2 == 1 ? middle : (middle + sorted[sorted.count / 2 - 1]) / 2
  }

  private static func turn(_ workers: [SessionBox], seconds: Double) throws -> (rate: Double, times: [Double]) {
    let results = Mutex<(times: [Double], failure: (any Error)?)>(([], nil))
    let start = ContinuousClock.now
    let end = start + .seconds(seconds)
    DispatchQueue.concurrentPerform(iterations: workers.count) { index in
      var times: [Double] = []
      do {
        while ContinuousClock.now < end { times.append(try workers[index].runOnce()) }
      } catch {
        results.withLock { $0.failure = error }
      }
      results.withLock { $0.times += times }
    }
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    return try results.withLock { results in
      if let failure = results.failure { throw failure }
      return (Double(results.times.count) / elapsed, results.times)
    }
  }

  /// One session, used by one thread at a time: each turn's loops end before the next begin.
  private final class SessionBox: @unchecked Sendable {
    private let session: any InferenceSession
    private let input: Tensor

    init(_ session: any InferenceSession, _ input: Tensor) {
      self.session = session
      self.input = input
    }

    /// Seconds of one run.
    func runOnce() throws -> Double {
      let start = ContinuousClock.now
      try session.run(input) { _ in }
      return (ContinuousClock.now - start) / .seconds(1)
    }
  }
}
