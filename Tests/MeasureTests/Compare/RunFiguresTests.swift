import Foundation
import Testing

@testable import EdgepipeCore
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
}
