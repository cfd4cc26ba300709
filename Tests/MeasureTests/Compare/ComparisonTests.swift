@testable import EdgepipeCore
import Foundation
import Testing

@testable import Measure

@Suite("A whole comparison")
struct ComparisonTests {
  /// One run for each value of a repeat: [repeat][round], in milliseconds.
  private func runs(a: [[Double]], b: [[Double]], energy: Double? = 0.5) throws -> [Experiment.Measured<RunFigures>] {
    let sides = Both(a: a, b: b)
    return try Schedule(repeats: a.count, rounds: a[0].count).turns.map { turn in
      let latency = sides[turn.side][turn.number][turn.round]
      var run = try RunFigures(
        report: RunFiguresTests.report(p50: latency, fps: 1000 / max(latency, 1)), stage: "objects")
      run.energyJPerFrame = turn.side == .a ? 0.5 : energy
      return Experiment.Measured(turn, run)
    }
  }

  /// B is about a quarter faster; each repeat has two rounds.
  private let slow: [[Double]] = [[10, 40], [18, 24.5], [20.5, 20.5]]
  private let fast: [[Double]] = [[9, 25], [15.5, 15.5], [15.2, 15.2]]

  private var agreement: Agreement {
    var agreement = Agreement()
    let car = Detection(label: "car", classIndex: 2, score: 0.9, box: Box(x: 0, y: 0, width: 9, height: 9))
    agreement.add(a: [car], b: [car])
    return agreement
  }

  private func comparison(rounds: Int = 2, energy: Double? = 0.5, accuracy: PairedAccuracy? = nil) throws
    -> ABComparison
  {
    ABComparison(
      runs: try runs(a: slow, b: fast, energy: energy), schedule: Schedule(repeats: 3, rounds: rounds),
      agreement: agreement, accuracy: accuracy, rule: VerdictRule())
  }

  @Test(
    "given runs that are clearly faster, when compared, then each repeat is its runs' geometric mean, and B is to be deployed"
  )
  func deploy() throws {
    let comparison = try comparison()
    #expect(comparison.metrics.map(\.metric) == Metric.allCases)
    let latency = try #require(comparison[.latencyP50])
    #expect(zip(latency.samples.a.values, [20, 21, 20.5]).allSatisfy { abs($0 - $1) < 1e-9 })
    #expect(zip(latency.samples.b.values, [15, 15.5, 15.2]).allSatisfy { abs($0 - $1) < 1e-9 })
    #expect(latency.change?.change ?? 0 < -0.2)
    #expect(comparison[.fps]?.change?.change ?? 0 > 0.2)
    #expect(comparison[.memory]?.change?.change == 0)
    #expect(comparison.verdict.decision == .deploy)
  }

  @Test("given fewer rounds than asked for, when compared, then the same figures settle nothing")
  func cut() throws {
    let verdict = try comparison(rounds: 8).verdict
    #expect(verdict.decision == .keepMeasuring)
    #expect(verdict.difference == .faster)
    #expect(verdict.reasons.first?.hasPrefix("ended after 2 of 8 rounds; so far: B's latency is 25.7 % lower") == true)
  }

  @Test("given a latency of 0 in one round, when compared, then it is that of the repeat, and nothing is divided by it")
  func zero() throws {
    let runs = try runs(a: [[0, 5], [0, 5]], b: [[1, 1], [1, 1]])
    let latency = try #require(MetricComparison(.latencyP50, runs: runs))
    #expect(latency.samples.a.values == [0, 0])
    #expect(latency.change == nil)
  }

  @Test("given a side without energy, when compared, then there is no such row")
  func noEnergy() throws {
    #expect(try comparison(energy: nil)[.energy] == nil)
  }

  @Test("given accuracy, when compared, then it decides in place of the agreement")
  func accuracy() throws {
    func verdict(_ ap: Double) throws -> Verdict {
      try comparison(
        accuracy: PairedAccuracy(
          pictures: 50, ap: Both(a: 0.30, b: ap), ap50: Both(a: 0.5, b: 0.5), differenceInterval: -0.02...0.01)
      ).verdict
    }
    #expect(try verdict(0.295).decision == .deploy)
    #expect(try verdict(0.285).decision == .hold)
    #expect(try verdict(0.285).reasons.first == "B loses 1.50 points of AP, more than 1.00")
  }

  @Test("given a comparison, when written as JSON, then all keys are there and what is not known is null")
  func json() throws {
    let subject = ABReport.Subject(names: Both(a: "old", b: "new"), kind: "models", stage: "objects", version: "1")
    let text = try ABReport(try comparison(), subject: subject).root.json()
    let root = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(
      Set(root.keys) == [
        "v", "edgepipe", "kind", "a", "b", "latency_of", "repeats", "rounds", "runs", "metrics", "power", "agreement",
        "accuracy", "verdict", "same", "notes",
      ])
    let runs = try #require(root["runs"] as? [[String: Any]])
    #expect(runs.compactMap { $0["side"] as? String }.joined() == "ABBABAABBAAB")
    #expect(runs[6]["repeat"] as? Int == 1)
    #expect(
      runs[6]["latency_p50_ms"] as? Double == 24.5, "the first run of A in the second round is the second repeat's")
    let metrics = try #require(root["metrics"] as? [String: [String: Any]])
    let latency = try #require(metrics["latency_p50_ms"])
    #expect((latency["a"] as? [Double])?.count == 3)
    #expect(abs((latency["mean_a"] as? Double ?? 0) - 20.5) < 1e-9)
    #expect(latency["better"] as? String == "lower")
    // All runs have the same memory: d is 0, not a division by 0.
    #expect(metrics["peak_rss_mb"]?["d"] as? Double == 0)
    #expect(root["accuracy"] is NSNull)
    let verdict = try #require(root["verdict"] as? [String: Any])
    #expect(verdict["decision"] as? String == "deploy")
    #expect((verdict["rule"] as? [String: Double])?["minimum_improvement"] == 0.1)
  }
}
