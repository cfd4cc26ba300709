import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: /metrics")
struct MetricsTests {
  private let clip = TestData.file("data/video/one-by-one-person-detection.mp4")?.path ?? ""

  /// A paced run whose results come on standard output, and the port of its metrics.
  private final class Run {
    let space: Workspace
    let running: Command.Running
    let port: Int
    private var output: Data

    /// - Parameter stages: those behind the source `camera`, ending in a sink to `-`.
    init(_ clip: String, frames: Int, _ stages: String, extra: String = "", arguments: [String] = []) throws {
      space = try Workspace()
      let file = try space.pipeline(
        #"""
        { "id": "camera", "type": "source.ffmpeg",
          "config": { "url": "\#(clip)", "maxFrames": \#(frames), "realtime": true } },
        \#(stages)
        """#, extra: extra)
      running = try Command.Running(
        ["run", file, "--metrics", "0", "--report", "report.json"] + arguments, in: space.folder)
      output = running.read(lines: 1)
      let text = running.errorsSoFar
      let url = #/metrics on http://127\.0\.0\.1:([0-9]+)/metrics/#
      port = try #require(text.firstMatch(of: url).flatMap { Int($0.1) }, "\(text)")
    }

    func waitFor(lines: Int) { output += running.read(lines: lines) }

    func text() throws -> String {
      let response: String
      do { response = try RawHTTP.get("/metrics", port: port) } catch {
        Issue.record("no page: \(running.state)")
        throw error
      }
      let body = try #require(response.range(of: "\r\n\r\n"))
      #expect(response.hasPrefix("HTTP/1.1 200 OK\r\n"))
      return String(response[body.upperBound...])
    }

    func page() throws -> PrometheusPage { try PrometheusPage(text()) }

    func end() throws -> [String: Any] {
      running.signal(SIGTERM)
      let result = try running.finish(alreadyRead: output)
      #expect(result.status == 0, "\(result.errors)")
      return try space.report()
    }
  }

  @Test(
    "given a run of real video, when scraped meanwhile, then counters rise, and end as those of the report",
    .enabled(if: Has.clip && Has.model("yolox-nano"), "needs the test data and the model yolox-nano"))
  func agrees() throws {
    let frames = 40
    // With a control socket the run stays after its last frame, so that the final figures can be scraped.
    let name = "edgepipe-\(UUID().uuidString.prefix(8)).sock"
    let socket = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
    let run = try Run(
      clip, frames: frames,
      """
      { "id": "scale", "type": "preprocess.letterbox", "after": ["camera"] },
      { "id": "objects", "type": "detect.yolo", "after": ["scale"], "workers": 2, "config": { "model": "yolox-nano" } },
      { "id": "out", "type": "sink.jsonl", "after": ["objects"], "config": { "path": "-" } }
      """, extra: #" "budget": { "powerW": 500 },"#, arguments: ["--control", socket])
    var pages = [try run.page()]
    let text = try run.text()
    if TestData.promtool != nil { try Promtool.check(text) }
    #expect(try RawHTTP.get("/healthz", port: run.port).hasPrefix("HTTP/1.1 200 "))
    for _ in 0..<3 {
      run.waitFor(lines: 8)
      pages.append(try run.page())
    }
    // Done when the last frame has its fate.
    var last = try run.page()
    while last["edgepipe_frames_delivered_total"] != Double(frames) { last = try run.page() }
    pages.append(last)
    #expect(try RawHTTP.get("/healthz", port: run.port).hasPrefix("HTTP/1.1 503 "), "its only stream has ended")

    for (earlier, later) in zip(pages, pages.dropFirst()) {
      for series in earlier.series where earlier.isCumulative(series) {
        let value = try #require(later[series], "\(series)")
        #expect(value >= earlier[series] ?? 0, "\(series)")
      }
    }
    let report = try run.end()
    try expectStages(of: report, in: last)
    let stream = #"stream="camera""#
    #expect(last[#"edgepipe_stream_latency_seconds_count{\#(stream)}"#] == Double(frames))
    #expect(last[#"edgepipe_stream_latency_seconds_bucket{\#(stream),le="+Inf"}"#] == Double(frames))
    #expect(last[#"edgepipe_stream_state{\#(stream),state="ended"}"#] == 1)
    #expect(last["edgepipe_ledger_balanced"] == 1)
    #expect(last["edgepipe_power_budget_watts"] == 500)
    let engine = try #require(report["engine"] as? String)
    #expect(last.series.contains { $0.hasPrefix("edgepipe_build_info{") && $0.hasSuffix(#"engine="\#(engine)"}"#) })
    let method = try #require((report["power"] as? [String: Any])?["method"] as? String)
    let joules = try #require(last[#"edgepipe_energy_joules_total{method="\#(method)"}"#])
    // The report's energy goes on to the end of the run, and is rounded.
    let reported = try #require((report["power"] as? [String: Any])?["energy_j"] as? Double)
    #expect(joules > 0 && joules <= reported + 0.001)
  }

  private func expectStages(of report: [String: Any], in page: PrometheusPage) throws {
    let stages = try #require(report["stages"] as? [String: [String: Any]])
    #expect(stages.count == 4)
    for (id, figures) in stages {
      #expect(page[#"edgepipe_stage_frames_in_total{stage="\#(id)"}"#] == figures["in"] as? Double, "\(id)")
      #expect(page[#"edgepipe_stage_frames_out_total{stage="\#(id)"}"#] == figures["out"] as? Double, "\(id)")
      #expect(page[#"edgepipe_stage_detections_total{stage="\#(id)"}"#] == figures["detections"] as? Double, "\(id)")
      let service = try #require(figures["service_ms"] as? [String: Double])
      let count = try #require(page[#"edgepipe_stage_service_seconds_count{stage="\#(id)"}"#])
      #expect(count == service["count"], "\(id)")
      // The mean in the report is rounded to a microsecond.
      let sum = try #require(page[#"edgepipe_stage_service_seconds_sum{stage="\#(id)"}"#])
      #expect(abs(sum - count * (service["mean"] ?? 0) / 1e3) <= count * 0.5e-6 + 1e-9, "\(id)")
      // At least 95 % of the frames lie in the buckets up to the one that holds the report's p95.
      let p95 = (service["p95"] ?? 0) / 1e3
      let buckets = page.series.filter { $0.hasPrefix(#"edgepipe_stage_service_seconds_bucket{stage="\#(id)""#) }
      let bucket = try #require(
        buckets.first { $0.firstMatch(of: /le="([^"]+)"/).map { (Double($0.1) ?? .infinity) >= p95 } == true })
      #expect((page[bucket] ?? 0) >= 0.95 * count, "\(id)")
    }
  }

  @Test(
    "given a port that is taken, when a run should serve metrics on it, then it ends with 69 before it begins",
    .enabled(if: Has.clip, "needs the test data"))
  func taken() throws {
    let run = try Run(
      clip, frames: 1000, #"{ "id": "out", "type": "sink.jsonl", "after": ["camera"], "config": { "path": "-" } }"#)
    let space = try Workspace()
    let file = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "\(clip)" } },
      { "id": "out", "type": "sink.jsonl", "after": ["camera"], "config": { "path": "events.jsonl" } }
      """)
    let second = try Command.run(["run", file, "--metrics", "\(run.port)"], in: space.folder)
    #expect(second.status == 69)
    #expect(second.errorLines.count == 1)
    #expect(second.errors.contains("port \(run.port) is in use") && second.errors.contains("--metrics 0"))
    #expect(!FileManager.default.fileExists(atPath: space.path("events.jsonl")))
    _ = try run.end()
    #expect(throws: RawHTTP.Failure.self) { try RawHTTP(port: run.port) }
  }

  @Test("given no port, when a run should serve metrics, then it is a wrong usage", arguments: ["x", "70000", ":9464"])
  func wrong(value: String) throws {
    let result = try Command.run(["run", "pipelines/objects-only.json", "--metrics", value])
    #expect(result.status == 64)
    #expect(result.errors.contains("'\(value)'") && result.errors.contains("HOST:PORT"))
  }
}
