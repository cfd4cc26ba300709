import Dispatch
@testable import EdgepipeCore
import Logging
import PipelineTestSupport
import Testing

@testable import EdgepipeMachine
@testable import Monitoring
@testable import Pipeline

@Suite("The metrics page")
struct MetricsPageTests {
  private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  @Test("given a run in which everything happened, when written, then exactly the known metrics are there, by type")
  func complete() throws {
    let page = try MonitoringFixture().page()
    #expect(page.types == Dictionary(uniqueKeysWithValues: Metric.all.map { ($0.name, $0.kind.rawValue) }))
    // Each series has exactly the labels that the list of metrics names, in that order.
    for series in page.series {
      let name = series.prefix { $0 != "{" }
      let labels = series.matches(of: /([a-z_]+)="/).map { String($0.1) }
      let metric = try #require(
        Metric.all.first { metric in
          metric.kind == .histogram
            ? ["_bucket", "_sum", "_count"].contains { metric.name + $0 == name } : metric.name == name
        })
      #expect(labels == metric.labels + (name.hasSuffix("_bucket") ? ["le"] : []), "\(series)")
    }
  }

  @Test("given a stage whose model runs on a server too, when written, then each way and the server are there")
  func remote() throws {
    let page = try MonitoringFixture().page()
    let stage = try #require(
      page.series.first { $0.hasPrefix("edgepipe_place_fell_back_total") }?.split(separator: "\"").dropFirst().first)
    let server = #"stage="\#(stage)",server="http://server:8000""#
    #expect(page["edgepipe_place_frames_total{stage=\"\(stage)\",place=\"cloud\"}"] == 4)
    #expect(page["edgepipe_remote_bytes_total{stage=\"\(stage)\",direction=\"sent\"}"] == 100)
    #expect(page["edgepipe_server_up{\(server)}"] == 1)
    #expect(page["edgepipe_server_requests_total{\(server),outcome=\"late\"}"] == 1)
    #expect(page["edgepipe_server_forecast_seconds{\(server),percentile=\"95\"}"] == 0.02)
    #expect(page["edgepipe_server_bandwidth_bytes_per_second{\(server)}"] == 1_000_000)
  }

  @Test("given a run, when written twice, then the order of the series is the same")
  func order() throws {
    let fixture = try MonitoringFixture()
    #expect(try fixture.page().series == fixture.page().series)
  }

  @Test("given a finished run, when written, then stages, streams and the ledger are as in the snapshot")
  func figures() throws {
    let fixture = try MonitoringFixture(), page = try fixture.page()
    #expect(page[#"edgepipe_build_info{version="1.2.3",engine="none"}"#] == 1)
    #expect(page[#"edgepipe_pipeline_info{pipeline="fixture"}"#] == 1)
    #expect(page[#"edgepipe_stage_frames_in_total{stage="gate"}"#] == 30)
    #expect(page[#"edgepipe_stage_frames_out_total{stage="gate"}"#] == 23)
    #expect(page[#"edgepipe_stage_frames_dropped_total{stage="gate",reason="gated"}"#] == 6)
    #expect(page[#"edgepipe_stage_frames_dropped_total{stage="gate",reason="late"}"#] == 0)
    #expect(page[#"edgepipe_stage_frames_failed_total{stage="gate"}"#] == 1)
    #expect(page[#"edgepipe_stage_incidents_total{stage="camera",incident="damaged_frames"}"#] == 2)
    // A histogram counts the frames that were passed on.
    #expect(page[#"edgepipe_stage_service_seconds_count{stage="gate"}"#] == 23)
    #expect(page[#"edgepipe_stage_queue_wait_seconds_bucket{stage="gate",le="+Inf"}"#] == 23)
    #expect(page[#"edgepipe_stage_queue_wait_seconds_count{stage="film"}"#] == nil, "a source has no queue")
    #expect(page[#"edgepipe_frames_admitted_total"#] == 50)
    #expect(page[#"edgepipe_frames_dropped_total{stage="gate",reason="gated"}"#] == 6)
    #expect(page[#"edgepipe_frames_failed_total{stage="gate"}"#] == 1)
    #expect(page["edgepipe_frames_in_flight"] == 0)
    #expect(page["edgepipe_ledger_balanced"] == 1)
    #expect(page[#"edgepipe_stream_frames_total{stream="film",fate="delivered"}"#] == 23)
    #expect(page[#"edgepipe_stream_latency_seconds_count{stream="film"}"#] == 23)
    #expect(page[#"edgepipe_stream_deadline_frames_total{stream="film"}"#] == nil, "a file has no deadline")
    #expect(page[#"edgepipe_stream_position_seconds{stream="film"}"#] == 29 * 0.04)
    let power = try #require(fixture.snapshot.livePower)
    #expect(page[#"edgepipe_power_watts{method="profile"}"#] == power.watts)
    #expect(page[#"edgepipe_energy_joules_total{method="profile"}"#] == power.joules)
    #expect(page["edgepipe_power_budget_watts"] == 12)
  }

  @Test("given a stream whose name needs escaping, when written, then its deadline, faults and states are under it")
  func streams() throws {
    let page = try MonitoringFixture().page()
    let door = #"stream="door \"1\"\n""#
    #expect(page[#"edgepipe_stream_info{\#(door),source="camera",live="true"}"#] == 1)
    #expect(page[#"edgepipe_stream_deadline_seconds{\#(door)}"#] == 60)
    #expect(page[#"edgepipe_stream_faults_total{\#(door)}"#] == 1)
    #expect(page[#"edgepipe_stream_duration_seconds{\#(door)}"#] == 60)
    let admitted = try #require(page[#"edgepipe_stream_frames_admitted_total{\#(door)}"#])
    #expect(admitted == 20)
    #expect(page[#"edgepipe_stream_deadline_frames_total{\#(door)}"#] == admitted)
    let delivered = page[#"edgepipe_stream_frames_total{\#(door),fate="delivered"}"#]
    let inTime = page[#"edgepipe_stream_in_time_frames_total{\#(door)}"#] ?? 0
    let late = page[#"edgepipe_stream_late_frames_total{\#(door)}"#] ?? 0
    #expect(delivered == inTime + late)
    for state in StreamState.allCases {
      #expect(page[#"edgepipe_stream_state{\#(door),state="\#(state.rawValue)"}"#] == (state == .ended ? 1 : 0))
    }
  }

  @Test("given faults, when written, then each is counted, and active until it is over or its stream has ended")
  func faults() throws {
    let page = try MonitoringFixture().page()
    for (labels, active) in [
      (#"fault="covered",stage="gate",stream="film""#, 0.0), (#"fault="memory",stage="",stream="""#, 1),
      (#"fault="network",stage="",stream="""#, 0),
    ] {
      #expect(page["edgepipe_faults_total{\(labels)}"] == 1, "\(labels)")
      #expect(page["edgepipe_fault_active{\(labels)}"] == active, "\(labels)")
    }
  }

  @Test("given a histogram's buckets, when read, then they rise to the count")
  func buckets() throws {
    let page = try MonitoringFixture().page()
    let buckets = page.series.filter { $0.hasPrefix(#"edgepipe_stream_latency_seconds_bucket{stream="film""#) }
    #expect(buckets.count == PrometheusText.bounds.count + 1)
    let values = buckets.compactMap { page[$0] }
    #expect(values == values.sorted())
    #expect(values.last == 23)
  }

  @Test("given a stream that was removed and came back, when written, then it stands there once and no counter fell")
  func comesBack() throws {
    func figures(_ count: Int, isRunning: Bool) -> PipelineRunner.Snapshot.StreamFigures {
      let metrics = StreamMetrics()
      metrics.update { values in
        for _ in 0..<count { values.latency.record(nanoseconds: 30_000_000) }
        (values.inTime, values.late, values.withDeadline) = (count - 1, 1, count)
        (values.faults, values.detected) = (2, count)
        values.position = MediaTime(seconds: Double(count))
      }
      return PipelineRunner.Snapshot.StreamFigures(
        id: "a", sourceStage: "in", isLive: true, deadlineMs: 100, isRunning: isRunning, values: metrics.current)
    }
    let ledger = Ledger()
    for _ in 0..<15 { ledger.account(of: "a").open() }
    let snapshot = PipelineRunner.Snapshot(
      now: MonotonicTime(nanoseconds: 0), elapsedSeconds: 1, started: WallTime(nanoseconds: 0), stages: [],
      ledger: ledger.total, streams: ledger.streams, links: [],
      streamFigures: [figures(10, isRunning: false), figures(5, isRunning: true)], power: nil, livePower: nil,
      faults: [:])
    let page = try PrometheusPage(MetricsPage(version: "0", pipeline: "t", snapshot: snapshot).text())
    #expect(page[#"edgepipe_stream_latency_seconds_bucket{stream="a",le="0.035"}"#] == 15)
    #expect(page[#"edgepipe_stream_latency_seconds_sum{stream="a"}"#].map { abs($0 - 0.45) < 1e-9 } == true)
    #expect(page[#"edgepipe_stream_frames_admitted_total{stream="a"}"#] == 15)
    #expect(page[#"edgepipe_stream_deadline_frames_total{stream="a"}"#] == 15)
    #expect(page[#"edgepipe_stream_in_time_frames_total{stream="a"}"#] == 13)
    #expect(page[#"edgepipe_stream_late_frames_total{stream="a"}"#] == 2)
    #expect(page[#"edgepipe_stream_frames_detected_total{stream="a"}"#] == 15)
    #expect(page[#"edgepipe_stream_faults_total{stream="a"}"#] == 4)
    // What is no count is the latest one's.
    #expect(page[#"edgepipe_stream_position_seconds{stream="a"}"#] == 5)
    #expect(page[#"edgepipe_stream_state{stream="a",state="streaming"}"#] == 1)
  }

  @Test(
    "given a stream in a state, when asked for the run's health, then connecting and streaming are alive",
    arguments: StreamState.allCases.filter { $0 != .ended })
  func health(state: StreamState) throws {
    let isThere = DispatchSemaphore(value: 0)
    let runner = try PipelineRunner(
      PipelinePlan(
        name: "t",
        stages: [
          TroubledSource.plan("in", stream: "a", count: 1, ending: .stays(state) { isThere.signal() }),
          .sink("out", after: ["in"], into: Collector()),
        ]),
      logger: Self.quiet)
    try runner.start()
    isThere.wait()
    let health = RunHealth(runner.snapshot(), isStopping: runner.isStopping)
    #expect(health.isHealthy == (state == .connecting || state == .streaming))
    #expect(health.message.hasSuffix("of 1 streams are alive"))
    runner.requestStop()
    let ending = RunHealth(runner.snapshot(), isStopping: runner.isStopping)
    #expect(ending == RunHealth(isHealthy: false, message: "ending"))
    _ = runner.wait()
    #expect(!RunHealth(runner.snapshot(), isStopping: false).isHealthy, "its only stream has ended")
  }

  @Test("given a run without a stream yet, when asked for its health, then it is healthy")
  func noStream() throws {
    let runner = try PipelineRunner(
      PipelinePlan(name: "t", stages: [.source("in", count: 1), .sink("out", after: ["in"], into: Collector())]),
      logger: Self.quiet)
    #expect(RunHealth(runner.snapshot(), isStopping: false).isHealthy, "its streams have not begun")
  }

  @Test("given a clock, when a value is asked for often, then it is made at most every quarter of a second")
  func recent() {
    let clock = ManualClock()
    let recent = RecentValue<Int>(clock: clock) { ($0 ?? 0) + 1 }
    for _ in 0..<100 { #expect(recent.get() == 1) }
    clock.advance(milliseconds: 249)
    #expect(recent.get() == 1)
    clock.advance(milliseconds: 1)
    #expect(recent.get() == 2)
  }
}
