@testable import EdgepipeMachine
import Logging
@testable import Monitoring
import PipelineTestSupport

@testable import EdgepipeCore
@testable import Pipeline

/// A live source that has everything happen to it that a page can show: damaged frames, a fault, a known length.
final class TroubledSource: SourceStage {
  static let type = "source.troubled"
  static let summary = "For tests"

  let streams: [StreamInfo]
  private let clock: any PipelineClock
  private let count: Int
  private let ending: Ending

  enum Ending: Sendable {
    /// The stream ends with its last frame.
    case ends
    /// It stays in this state until the run is stopped; the closure is called once it is in it.
    case stays(StreamState, @Sendable () -> Void)
  }

  init(_ configuration: NoConfiguration, context: StageContext) throws {
    throw PipelineError("made by tests only", code: .internalFault)
  }

  private init(context: StageContext, stream: String, count: Int, ending: Ending) {
    streams = [StreamInfo(id: stream, sourceStage: context.id, isLive: true, deadlineMs: 60_000)]
    clock = context.clock
    (self.count, self.ending) = (count, ending)
  }

  static func plan(_ id: String, stream: String, count: Int, ending: Ending = .ends) -> PipelinePlan.StagePlan {
    PipelinePlan.StagePlan(
      id: id,
      descriptor: StageDescriptor(type: type, summary: summary, role: .source) { _, context in
        TroubledSource(context: context, stream: stream, count: count, ending: ending)
      })
  }

  /// As a stage says them whose model runs on a server too.
  var facts: [String: ReportValue] {
    [
      "placement": .object([
        "edge": .object(["frames": .int(3)]), "fell_back": .int(1), "unanswered": .int(0),
        "cloud": .object([
          "frames": .int(4), "sent_bytes": .int(100), "received_bytes": .int(20), "late_answers": .int(1),
        ]),
        "servers": .list([
          .object([
            "name": .string("http://server:8000"), "state": .string("closed"), "answered": .int(4), "late": .int(1),
            "failed": .int(0), "forecast_p50_ms": .double(12), "forecast_p95_ms": .double(20),
            "round_trip_ms": .double(2), "bandwidth_mbit_s": .double(8), "loss": .double(0.2),
            "in_flight_limit": .int(5),
          ])
        ]),
      ])
    ]
  }

  func makeStream(id: String, url: String) -> StreamInfo {
    StreamInfo(id: id, sourceStage: streams[0].sourceStage, isLive: true, deadlineMs: 60_000)
  }

  func run(_ stream: StreamInfo, _ output: any SourceOutput) throws {
    output.health(.connecting, attempt: 1, error: nil)
    output.health(.streaming, attempt: 1, error: nil)
    for sequence in 0..<count {
      let frame = TestFrames.frame(
        stream: stream, sequence: sequence, clock: clock,
        deadline: clock.now().advanced(byMilliseconds: 60_000))
      if output.emit(frame) == .stopped { return }
      output.report(position: frame.header.mediaTime, duration: MediaTime(seconds: 60))
    }
    output.count("damaged_frames", 2)
    output.health(.waiting, attempt: 1, error: "gone")
    switch ending {
    case .ends: output.health(.streaming, attempt: 2, error: nil)
    case .stays(let state, let isThere):
      output.health(state, attempt: 2, error: "gone")
      isThere()
      _ = output.wait(until: MonotonicTime(nanoseconds: .max))
    }
  }
}

/// A run to look at.
struct MonitoringFixture {
  let snapshot: PipelineRunner.Snapshot

  /// Three faults; 20 frames of a live stream with trouble, 30 of a file: of those every fifth is dropped and one fails.
  init() throws {
    let collector = Collector()
    let plan = PipelinePlan(
      name: "fixture",
      stages: [
        TroubledSource.plan("camera", stream: "door \"1\"\n", count: 20), .source("film", count: 30),
        .transform("gate", after: ["film"]) { frame, _ in
          if frame.header.sequence % 5 == 0 { return .drop(DropReason(rawValue: "gated")) }
          if frame.header.sequence == 7 { throw PipelineError("no", consequence: .skipFrame, code: .internalFault) }
          return .emit(frame)
        },
        .sink("out", after: ["camera", "gate"], into: collector, queue: 100),
      ])
    let profile = DeviceProfile(name: "test", idleW: 6, wattsPerBusyCore: 4, method: "for tests")
    let runner = try PipelineRunner(
      plan, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      power: PowerMonitor(
        PowerSetup(meter: EstimatedMeter(profile), profile: profile), budgetW: 12,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    try runner.start()
    _ = runner.wait()
    let since = WallTime(nanoseconds: 0)
    runner.tell(FaultChange("covered", stage: "gate", stream: "film", since: since, figures: [], message: "covered"))
    runner.tell(FaultChange("memory", since: since, figures: [], message: "much"))
    runner.tell(FaultChange("network", since: since, figures: [], message: "gone"))
    runner.tell(FaultChange("network", since: since, over: 3, figures: [], message: "back"))
    snapshot = runner.snapshot(withFacts: true)
  }

  func page() throws -> PrometheusPage {
    try PrometheusPage(MetricsPage(version: "1.2.3", pipeline: "fixture", snapshot: snapshot).text())
  }
}
