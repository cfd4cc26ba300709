import Foundation
import Pipeline
import Testing

@testable import Measure

@Suite("Figures of a run")
struct RunFiguresTests {
  static func report(
    delivered: Int = 50, p50: Double = 20, fps: Double = 30, power: String = #"{"method": "none"}"#
  ) -> Data {
    Data(
      """
      {"fps": \(fps), "peak_rss_mb": 123.5, "power": \(power), "ledger": {"delivered": \(delivered), "admitted": 60},
       "stages": {
         "in": {"service_ms": {"count": 60, "p50": 3, "p95": 4}, "cpu_ms": 200, "startup_cpu_ms": 0},
         "objects": {"service_ms": {"count": 60, "p50": \(p50), "p95": 31}, "cpu_ms": 1300, "startup_cpu_ms": 500},
         "idle": {"service_ms": {"count": 0, "p50": 0, "p95": 0}, "cpu_ms": 1, "startup_cpu_ms": 1.5}},
       "streams": {"a": {"work_ms": {"count": 30, "p50": 21, "p95": 40}}, "b": {"work_ms": {"count": 20, "p50": 25, "p95": 33}}}}
      """.utf8)
  }

  @Test("given a report, when read for a stage, then latency is that stage's and CPU time is without the start")
  func ofStage() throws {
    let power = #"{"method": "rapl", "estimated": false, "source": "measured: rapl, package-0", "j_per_frame": 0.25}"#
    let run = try RunFigures(report: Self.report(power: power), stage: "objects")
    #expect((run.latencyP50Ms, run.latencyP95Ms) == (20, 31))
    #expect((run.frames, run.fps, run.peakMemoryMB, run.energyJPerFrame) == (50, 30, 123.5, 0.25))
    // (200 + 800) ms over 50 frames; less than nothing counts as nothing.
    #expect(run.cpuMsPerFrame == 20)
    #expect(run.power == .init(method: "rapl", isEstimated: false, source: "measured: rapl, package-0"))
  }

  @Test("given two streams, when read for all stages, then latency is the work of the slowest")
  func ofStreams() throws {
    let run = try RunFigures(report: Self.report(), stage: nil)
    #expect((run.latencyP50Ms, run.latencyP95Ms) == (25, 33))
    #expect(run.energyJPerFrame == nil)
    #expect(run.power == nil)
  }

  @Test("given a run without frames, or a stage that saw none, when read, then the error says what to do")
  func mistakes() {
    #expect(throws: PipelineError.self) { try RunFigures(report: Self.report(delivered: 0), stage: nil) }
    let error = #expect(throws: PipelineError.self) { try RunFigures(report: Self.report(), stage: "idle") }
    #expect(error?.exit == .dataError)
    #expect(error?.message.contains("'idle'") == true)
    #expect(throws: PipelineError.self) { try RunFigures(report: Data("{}".utf8), stage: nil) }
  }

  // MARK: - The whole comparison

  static func runs(_ latencies: [Double], energy: Double? = 0.5) throws -> [RunFigures] {
    try latencies.map { value in
      var run = try RunFigures(report: report(p50: value, fps: 1000 / value), stage: "objects")
      run.energyJPerFrame = energy
      return run
    }
  }

  private func comparison(planned: Int = 4, energy: Double? = 0.5) throws -> ABComparison {
    var agreement = Agreement()
    let car = Detection(label: "car", classIndex: 2, score: 0.9, box: Box(x: 0, y: 0, width: 9, height: 9))
    agreement.add(a: [car], b: [car])
    return ABComparison(
      runs: Both(a: try Self.runs([20, 21, 20.5, 20.2]), b: try Self.runs([15, 15.5, 15.2, 15.1], energy: energy)),
      planned: planned, agreement: agreement, rule: VerdictRule())
  }

  @Test("given runs that are clearly faster, when compared, then B is to be deployed and throughput rises")
  func deploy() throws {
    let comparison = try comparison()
    #expect(comparison.verdict.decision == .deploy)
    #expect(comparison.metrics.map(\.metric) == Metric.allCases)
    #expect(comparison[.latencyP50]?.change?.change ?? 0 < -0.2)
    #expect(comparison[.fps]?.change?.change ?? 0 > 0.2)
    #expect(comparison[.memory]?.change?.change == 0)
  }

  @Test("given fewer runs than asked for, when compared, then the same figures settle nothing")
  func cut() throws {
    let verdict = try comparison(planned: 8).verdict
    #expect(verdict.decision == .keepMeasuring)
    #expect(verdict.difference == .faster)
    #expect(verdict.reasons.first == "ended after 4 of 8 repeats")
  }

  @Test("given a side without energy, when compared, then there is no such row")
  func noEnergy() throws {
    #expect(try comparison(energy: nil)[.energy] == nil)
  }

  @Test("given a comparison, when written as JSON, then all keys are there and numbers that are none are null")
  func json() throws {
    let subject = ABReport.Subject(names: Both(a: "old", b: "new"), kind: "models", stage: "objects", version: "1")
    let text = try ABReport(try comparison(), subject: subject).root.json()
    let root = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(
      Set(root.keys) == [
        "v", "edgepipe", "kind", "a", "b", "latency_of", "repeats", "order", "frames", "metrics", "power", "agreement",
        "accuracy", "verdict",
      ])
    #expect(root["order"] as? String == "ABBABAAB")
    let metrics = try #require(root["metrics"] as? [String: [String: Any]])
    let latency = try #require(metrics["latency_p50_ms"])
    #expect(latency["a"] as? [Double] == [20, 21, 20.5, 20.2])
    #expect(latency["mean_b"] as? Double == 15.2)
    #expect(latency["better"] as? String == "lower")
    // All runs have the same memory: d is 0, not a division by 0.
    #expect(metrics["peak_rss_mb"]?["d"] as? Double == 0)
    #expect(root["accuracy"] is NSNull)
    let verdict = try #require(root["verdict"] as? [String: Any])
    #expect(verdict["decision"] as? String == "deploy")
    #expect((verdict["rule"] as? [String: Double])?["minimum_improvement"] == 0.1)
  }

  @Test("given accuracy, when compared, then it decides in place of the agreement")
  func accuracy() throws {
    let fast = Both(a: try Self.runs([20, 21, 20.5]), b: try Self.runs([15, 15.5, 15.2]))
    func verdict(_ ap: Double) -> Verdict {
      ABComparison(
        runs: fast, planned: 3, agreement: Agreement(),
        accuracy: .init(
          pictures: 50, ap: Both(a: 0.30, b: ap), ap50: Both(a: 0.5, b: 0.5), differenceInterval: -0.02...0.01),
        rule: VerdictRule()
      ).verdict
    }
    #expect(verdict(0.295).decision == .deploy)
    #expect(verdict(0.285).decision == .hold)
    #expect(verdict(0.285).reasons.first == "B loses 1.50 points of AP, more than 1.00")
  }
}
