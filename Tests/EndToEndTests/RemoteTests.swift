import Foundation
import PipelineTestSupport
import Testing

/// Models on a real Triton, and what follows when it or the network is not well.
@Suite(
  "The command: run, with models on servers", .serialized, .timeLimit(.minutes(10)),
  .enabled(
    if: TritonServer.isAvailable && TestData.model("yolox_nano.onnx") != nil && TestData.onnxRuntimeLibrary != nil
      && Has.ffmpeg, "needs the inference servers of scripts/setup --tests, test data and ONNX Runtime"))
struct RemoteTests {
  private let space: Workspace
  private let model: URL

  init() throws {
    space = try Workspace()
    model = try #require(TestData.model("yolox_nano.onnx"))
    try makeClip(frames: 60)
  }

  private func makeClip(frames: Int) throws {
    try FFmpeg.make([
      "-y", "-i", TestData.packageRoot.appendingPathComponent("samples/street-1080p.mp4").path, "-frames:v",
      "\(frames)", "-vf", "scale=640:360", "-r", "10", "-c:v", "libx264", "-preset", "ultrafast",
      space.path("clip.mp4"),
    ])
  }

  private func triton(outputs: String = "output") throws -> TritonServer {
    try TritonServer([
      ServedModel(
        "yolox", file: model.path, input: .init("images", "FP32", [1, 3, 416, 416]),
        outputs: [.init(outputs, "FP32", [1, 3549, 85])])
    ])
  }

  private func pipeline(
    _ mode: String, _ servers: [String], name: String = "lines", realtime: Bool = false, timeoutMs: Int = 5000,
    stage: String = ""
  ) throws -> String {
    let list = servers.map { "\"\($0)\"" }.joined(separator: ", ")
    return try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "clip.mp4", "realtime": \(realtime) } },
      { "id": "scale", "type": "preprocess.letterbox", "after": ["camera"] },
      { "id": "objects", "type": "detect.yolo", "after": ["scale"], "workers": 3\(stage), "config": {
        "model": "\(model.path)", "shape": "square", "where": "\(mode)",
        "remote": { "servers": [\(list)], "model": "yolox", "timeoutMs": \(timeoutMs) } } },
      { "id": "lines", "type": "sink.jsonl", "after": ["objects"], "config": { "path": "\(name).jsonl" } }
      """)
  }

  private func run(_ file: String) throws -> CommandResult {
    try Command.run(["run", file, "--report", "report.json"], in: space.folder)
  }

  private func placement() throws -> [String: Any] {
    let stages = try #require(try space.report()["stages"] as? [String: [String: Any]])
    let facts = try #require(stages["objects"]?["facts"] as? [String: Any])
    return try #require(facts["placement"] as? [String: Any])
  }

  private func frames(_ name: String = "lines") throws -> [[String: Any]] {
    try space.lines("\(name).jsonl").filter { $0["type"] as? String == "frame" }
  }

  /// What was found, without where.
  private func found(_ frame: [String: Any]) -> [String] {
    (frame["detections"] as? [[String: Any]] ?? []).map { detection in
      let box = detection["box"] as? [String: Double] ?? [:]
      return "\(detection["label"] ?? "") "
        + ["x", "y", "width", "height"].map { "\(Int((box[$0] ?? 0).rounded()))" }
        .joined(separator: " ")
    }
  }

  private func place(_ frame: [String: Any]) -> String? { (frame["places"] as? [String: String])?["objects"] }

  @Test(
    "given a Triton, when frames go there by HTTP and by gRPC, then they have what is found here, and say where from")
  func bothWays() throws {
    try makeClip(frames: 16)
    let server = try triton()
    let local = try run(
      try space.pipeline(
        """
        { "id": "camera", "type": "source.ffmpeg", "config": { "url": "clip.mp4" } },
        { "id": "scale", "type": "preprocess.letterbox", "after": ["camera"] },
        { "id": "objects", "type": "detect.yolo", "after": ["scale"], "config": {
          "model": "\(model.path)", "shape": "square" } },
        { "id": "lines", "type": "sink.jsonl", "after": ["objects"], "config": { "path": "here.jsonl" } }
        """))
    #expect(local.status == 0, "\(local.errors)")
    let here = try frames("here").map(found)
    #expect(here.joined().count > 10)
    for address in ["http://127.0.0.1:\(server.httpPort)", "grpc://127.0.0.1:\(server.grpcPort)"] {
      let result = try run(pipeline("cloud", [address]))
      #expect(result.status == 0, "\(address): \(result.errors)")
      let frames = try frames()
      #expect(frames.map(found) == here, "\(address)")
      #expect(frames.allSatisfy { place($0) == "cloud" })
      let cloud = try #require(placement()["cloud"] as? [String: Any])
      #expect(cloud["frames"] as? Int == frames.count)
      // Each request has at least the picture's floats.
      #expect(try #require(cloud["sent_bytes"] as? Int) >= frames.count * 3 * 416 * 416 * 4)
    }
  }

  @Test("given another model there, when a run begins, then it ends with 65 and names the difference")
  func anotherModel() throws {
    let server = try triton(outputs: "boxes")
    let result = try run(pipeline("cloud-first", ["http://127.0.0.1:\(server.httpPort)"]))
    #expect(result.status == 65, "\(result.errors)")
    #expect(result.errors.contains("it has no output 'output' but 'boxes'"), "\(result.errors)")
  }

  @Test("given a model that the server does not have, when a run begins, then it ends with 69 and says so")
  func unknownModel() throws {
    let server = try triton(), file = try pipeline("cloud", ["http://127.0.0.1:\(server.httpPort)"])
    let text = try String(contentsOfFile: file, encoding: .utf8).replacingOccurrences(
      of: "\"model\": \"yolox\"", with: "\"model\": \"nothing\"")
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    let result = try run(file)
    #expect(result.status == 69, "\(result.errors)")
    #expect(result.errors.contains("remote.model"), "\(result.errors)")
  }

  @Test("given a server that dies, when frames come, then each has one result, from here in the end, told once")
  func dies() throws {
    try makeLong()
    let server = try triton()
    let running = try Command.Running(
      [
        "run", pipeline("cloud-first", ["http://127.0.0.1:\(server.httpPort)"], realtime: true), "--report",
        "report.json",
      ],
      in: space.folder)
    waitForLine(of: running) { text in text.components(separatedBy: Self.fromCloud).count > 5 }
    server.stop()
    let result = try running.finish()
    #expect(result.status == 0, "\(result.errors)")
    let frames = try frames()
    #expect(frames.compactMap { $0["frame"] as? Int } == Array(0..<300))
    #expect(frames.allSatisfy { place($0) != nil })
    #expect(frames.last.map(place) == "edge")
    let told = result.errors.components(separatedBy: "fault 'offline'").count - 1
    #expect(told == 1, "\(result.errors)")
  }

  private static let fromCloud = #""places":{"objects":"cloud"}"#

  /// Thirty seconds in place of six.
  private func makeLong() throws {
    try FFmpeg.make([
      "-stream_loop", "4", "-i", space.path("clip.mp4"), "-c", "copy", space.path("long.mp4"),
    ])
    try FileManager.default.removeItem(atPath: space.path("clip.mp4"))
    try FileManager.default.moveItem(atPath: space.path("long.mp4"), toPath: space.path("clip.mp4"))
  }

  /// Until the results so far are as `body` wants them, or the run is over.
  private func waitForLine(of running: Command.Running, _ body: (String) -> Bool) {
    while running.process.isRunning {
      if body((try? String(contentsOfFile: space.path("lines.jsonl"), encoding: .utf8)) ?? "") { return }
      usleep(20_000)
    }
  }

  @Test(
    "given a network that swallows everything for a while, then frames are done here meanwhile and there again, told once"
  )
  func hole() throws {
    try makeLong()
    let server = try triton(), wire = try HelperProcess("scripts/faults/wire.py", ["\(server.httpPort)"])
    let port = try #require(wire.address.split(separator: " ").first)
    let running = try Command.Running(
      [
        "run", pipeline("cloud-first", ["http://127.0.0.1:\(port)"], realtime: true, timeoutMs: 800), "--report",
        "report.json",
      ], in: space.folder)
    let afterwards = #""places":{"objects":"edge"}"#
    waitForLine(of: running) { $0.components(separatedBy: Self.fromCloud).count > 5 }
    wire.send("set hole=1")
    waitForLine(of: running) { _ in running.errorsSoFar.contains("fault 'offline'") }
    waitForLine(of: running) { $0.components(separatedBy: afterwards).count > 15 }
    wire.send("set")
    let result = try running.finish()
    #expect(result.status == 0, "\(result.errors)")
    let frames = try frames()
    #expect(frames.compactMap { $0["frame"] as? Int } == Array(0..<300))
    #expect(frames.allSatisfy { place($0) != nil })
    #expect(frames.last.map(place) == "cloud", "\(result.errors)")
    #expect(result.errors.components(separatedBy: "fault 'offline'").count - 1 == 1, "\(result.errors)")
    #expect(result.errors.contains("recovered from 'offline'"), "\(result.errors)")
  }

  /// Whether something has vanished on the way since the last `set`.
  private func swallows(_ wire: HelperProcess) -> Bool {
    wire.send("stats")
    guard let counts = try? wire.line(#"{"connections":"#) else { return false }
    return !counts.hasSuffix(#""swallowed": 0}"#)
  }

  @Test(
    "given servers that are silent, when the run is stopped, then the frames they have are done here and it ends with 0",
    arguments: ["http", "grpc"])
  func stopsInSilence(scheme: String) throws {
    try makeLong()
    let server = try triton()
    let wire = try HelperProcess("scripts/faults/wire.py", ["\(scheme == "http" ? server.httpPort : server.grpcPort)"])
    let port = try #require(wire.address.split(separator: " ").first)
    let running = try Command.Running(
      [
        "run", pipeline("cloud-first", ["\(scheme)://127.0.0.1:\(port)"], realtime: true, timeoutMs: 60_000),
        "--report",
        "report.json",
      ], in: space.folder)
    waitForLine(of: running) { $0.components(separatedBy: Self.fromCloud).count > 3 }
    wire.send("set hole=1")
    // As many as there are workers wait for answers that do not come.
    waitForLine(of: running) { _ in swallows(wire) }
    running.signal(SIGINT)
    let result = try running.finish()
    #expect(result.status == 0, "\(result.errors)")
    let frames = try frames()
    #expect(frames.compactMap { $0["frame"] as? Int } == Array(0..<frames.count))
    #expect(frames.allSatisfy { place($0) != nil })
    #expect(frames.last.map(place) == "edge", "\(result.errors)")
  }

  @Test(
    "given HAProxy before two servers, when one of them dies, then frames still come back by HTTP and by gRPC",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/sbin/haproxy"), "needs haproxy"))
  func proxy() throws {
    try makeClip(frames: 24)
    let servers = [try triton(), try triton()], http = try FreePort.tcp(), grpc = try FreePort.tcp()
    let configuration = TestData.packageRoot.appendingPathComponent("deploy/haproxy/haproxy.cfg").path
    let proxy = Process()
    proxy.executableURL = URL(fileURLWithPath: "/usr/sbin/haproxy")
    proxy.arguments = ["-db", "-q", "-f", configuration]
    proxy.environment = [
      "EDGE_HTTP": "127.0.0.1:\(http)", "EDGE_GRPC": "127.0.0.1:\(grpc)",
      "FIRST_HTTP": "127.0.0.1:\(servers[0].httpPort)", "FIRST_GRPC": "127.0.0.1:\(servers[0].grpcPort)",
      "SECOND_HTTP": "127.0.0.1:\(servers[1].httpPort)", "SECOND_GRPC": "127.0.0.1:\(servers[1].grpcPort)",
    ]
    try proxy.run()
    defer {
      proxy.terminate()
      proxy.waitUntilExit()
    }
    servers[0].stop()
    let description = try #require(URL(string: "http://127.0.0.1:\(http)/v2"))
    for _ in 0..<400 where (try? Data(contentsOf: description)) == nil { usleep(50_000) }
    for address in ["http://127.0.0.1:\(http)", "grpc://127.0.0.1:\(grpc)"] {
      let result = try run(pipeline("cloud-first", [address]))
      #expect(result.status == 0, "\(address): \(result.errors)")
      let frames = try frames()
      #expect(frames.count == 24 && frames.count { place($0) == "cloud" } >= 20, "\(address): \(result.errors)")
    }
  }

  @Test(
    "given a stage that requires anonymized pictures, when its model is on a server, then validate refuses the way past"
  )
  func requires() throws {
    let file = try pipeline("cloud", ["http://127.0.0.1:9"], stage: #", "requires": "anonymized""#)
    let result = try Command.run(["validate", file], in: space.folder)
    #expect(result.status == 78, "\(result.output)")
    #expect((result.output + result.errors).contains("'objects' requires anonymized pictures"))
  }

  @Test(
    "given settings that cannot hold, when validated, then each says what to write",
    arguments: [
      (#""where": "cloud", "remote": { "servers": ["10.0.0.1:8000"] }"#, "http://HOST:8000"),
      (#""where": "cloud""#, "has no servers"),
      (#""where": "route", "remote": { "servers": ["http://h"], "certificate": "a.pem" }"#, "needs its key"),
      (#""where": "route", "remote": { "servers": ["http://h"], "ca": "a.pem" }"#, "write https://"),
      (#""where": "clouds""#, "cloud"),
    ])
  func mistakes(config: String, words: String) throws {
    let file = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "clip.mp4" } },
      { "id": "scale", "type": "preprocess.letterbox", "after": ["camera"] },
      { "id": "objects", "type": "detect.yolo", "after": ["scale"], "config": { "model": "\(model.path)", \(config) } },
      { "id": "lines", "type": "sink.null", "after": ["objects"] }
      """)
    let result = try Command.run(["validate", file], in: space.folder)
    #expect(result.status == 78, "\(result.output)")
    #expect((result.output + result.errors).contains(words), "\(result.output)\(result.errors)")
  }
}
