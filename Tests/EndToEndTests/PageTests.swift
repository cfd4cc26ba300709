import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

/// Pipelines with real video for the live page, and the browser that looks at it.
private enum Site {
  /// Why the browser cannot be driven; nil where it can.
  static let lacks: String? =
    Browser.program == nil
    ? Browser.needs
    : TestData.python == nil
      ? "needs .deps/python: scripts/setup --tests"
      : ServiceSpace.clip == nil || model == nil || TestData.onnxRuntimeLibrary == nil
        ? "needs the data folder and ONNX Runtime" : nil
  private static let model = TestData.model("yolox_nano.onnx")
  static let isReady = lacks == nil
  static let needs = Comment(rawValue: lacks ?? "")

  /// A clip that goes on for as long as a test may take.
  static func longClip(_ space: Workspace) throws -> String {
    let clip = try #require(ServiceSpace.clip).path, long = space.path("long.mp4")
    if !FileManager.default.fileExists(atPath: long) {
      let made = try Command.shell(
        "ffmpeg -v error -stream_loop 60 -i '\(clip)' -an -c copy '\(long)'", in: space.folder)
      #expect(made.status == 0, "\(made.errors)")
    }
    return long
  }

  /// `yard` has two cameras, rules and everything that writes for people to look at; `lab` has one camera and a detector
  /// whose options change.
  static func add(to rig: ServiceSpace) throws {
    let clip = try longClip(rig.space), model = try #require(model)
    try #"""
    { "version": 1, "name": "yard", "stages": [
      { "id": "cameras", "type": "source.ffmpeg", "config": { "realtime": true, "streams": [
        { "id": "gate", "url": "\#(clip)" }, { "id": "door", "url": "\#(clip)" }] } },
      { "id": "scale", "type": "preprocess.letterbox", "after": ["cameras"], "config": { "for": ["objects"] } },
      { "id": "objects", "type": "detect.yolo", "after": ["scale"], "queue": { "capacity": 2, "overflow": "dropOldest" },
        "config": { "model": "\#(model.path)", "interval": 5 } },
      { "id": "tracks", "type": "track.sort", "after": ["objects"] },
      { "id": "zones", "type": "analytics.zones", "after": ["tracks"], "config": { "units": "relative", "zones": [
        { "name": "middle", "streams": ["gate"], "points": [[0.3, 0.3], [0.7, 0.3], [0.7, 0.9], [0.3, 0.9]] }] } },
      { "id": "clips", "type": "sink.clip", "after": ["zones"], "config": { "folder": "out/clips", "beforeS": 1, "afterS": 1 } },
      { "id": "pictures", "type": "sink.snapshot", "after": ["zones"], "config": { "folder": "out/pictures", "everyS": 5 } },
      { "id": "record", "type": "sink.record", "after": ["cameras"], "config": { "folder": "out/record", "segmentS": 5 } } ] }
    """#.write(toFile: rig.space.path("p/yard.json"), atomically: true, encoding: .utf8)
    try #"""
    { "version": 1, "name": "lab", "stages": [
      { "id": "bench", "type": "source.ffmpeg", "config": { "url": "\#(clip)", "realtime": true } },
      { "id": "work", "type": "detect.null", "after": ["bench"], "config": { "busyMs": 1 } },
      { "id": "results", "type": "sink.jsonl", "after": ["work"], "config": { "path": "out/lab.jsonl", "append": true } } ] }
    """#.write(toFile: rig.space.path("p/lab.json"), atomically: true, encoding: .utf8)
  }

  /// Runs one check of `Support/page.py`.
  static func check(_ client: ServiceClient, base: String = "/", _ arguments: String...) throws {
    let script = TestData.packageRoot.appendingPathComponent("Tests/EndToEndTests/Support/page.py").path
    guard let python = TestData.python, let browser = Browser.program else { return }
    let (status, output) = try TestData.run(
      python, ["-B", script, browser.path, "http://127.0.0.1:\(client.port)\(base)"] + arguments)
    #expect(status == 0, "\(arguments): \(String(decoding: output, as: UTF8.self))")
  }
}

@Suite("The command: the live page, in a browser", .enabled(if: Site.isReady, Site.needs))
struct PageTests {
  /// A service whose pipelines run.
  private func withSite(_ body: (ServiceSpace, ServiceClient) throws -> Void) throws {
    let rig = try ServiceSpace()
    try Site.add(to: rig)
    let (service, client) = try rig.serveHTTP()
    for name in ["yard", "lab"] {
      try rig.eventually("\(name) runs", service) {
        try client.get("/v1/pipelines/\(name)").object["streams"] is [[String: Any]]
      }
    }
    try body(rig, client)
    _ = try rig.terminate(service)
  }

  @Test("given cameras of two pipelines, when looked at, then all move, over one stream of pictures and one of events")
  func cameras() throws {
    try withSite { _, client in
      try Site.check(client, "cameras", "gate", "door", "bench")
      try Site.check(client, "keyboard", "gate")
    }
  }

  @Test("given a pipeline, when watched and told to stop, start and change, then the page shows what becomes of it")
  func pipeline() throws {
    try withSite { _, client in
      try Site.check(client, "threshold", "lab", "work", "busyMs", "3")
      try Site.check(client, "pipeline", "lab")
    }
  }

  @Test(
    "given rules and sinks, when something happens, then its picture is there and its clip plays; zones can be edited")
  func eventsAndZones() throws {
    try withSite { rig, client in
      try rig.eventually("each sink has written") {
        try ["clip", "recording", "picture"].allSatisfy { kind in
          (try client.get("/v1/files?kind=\(kind)").object["files"] as? [Any])?.isEmpty == false
        }
      }
      try Site.check(client, "events", "yard")
      try Site.check(client, "shapes", "yard", "gate")
    }
  }

  @Test("given a camera that is covered for a while, when that is told, then the pictures of it are there")
  func faultPictures() throws {
    let rig = try ServiceSpace()
    let clip = try #require(ServiceSpace.clip).path, film = rig.space.path("covered.mp4")
    let made = try Command.shell(
      "ffmpeg -v error -i '\(clip)' -t 25 -an "
        + "-vf \"drawbox=x=0:y=0:w=iw:h=ih:color=black:t=fill:enable='between(t,6,12)'\" -preset ultrafast '\(film)'",
      in: rig.folder)
    #expect(made.status == 0, "\(made.errors)")
    try #"""
    { "version": 1, "name": "watched", "stages": [
      { "id": "hall", "type": "source.ffmpeg", "config": { "url": "\#(film)", "realtime": true } },
      { "id": "watch", "type": "monitor.picture", "after": ["hall"],
        "config": { "learnS": 3, "holdS": 1, "clearS": 1, "everyMs": 250 } },
      { "id": "pictures", "type": "sink.snapshot", "after": ["watch"],
        "config": { "folder": "out/watched", "everyS": 1, "onEvents": ["fault", "recovered"] } } ] }
    """#.write(toFile: rig.space.path("p/watched.json"), atomically: true, encoding: .utf8)
    let (service, client) = try rig.serveHTTP()
    try Site.check(client, "faults", "watched")
    _ = try rig.terminate(service)
  }

  @Test("given every view, when examined by axe, light and dark, wide and narrow, then nothing is found")
  func accessible() throws {
    try withSite { _, client in
      try Site.check(
        client, "accessible", "#/", "#/camera/yard/gate", "#/pipelines/yard", "#/events", "#/recordings")
    }
  }

  @Test("given tokens and a base path, when the page is opened, then it asks for one, and shows what the role may see")
  func signIn() throws {
    let rig = try ServiceSpace()
    try Site.add(to: rig)
    func token(_ name: String, _ role: String) throws -> String {
      try Command.run(["token", "add", name, "--role", role, "--state", "s"], in: rig.folder).output
        .trimmingCharacters(in: .whitespacesAndNewlines)
    }
    let viewer = try token("eye", "viewer"), op = try token("hand", "operator")
    try #"""
    { "version": 1, "http": { "basePath": "/edge" }, "pipelines": [{ "file": "p/lab.json" }] }
    """#.write(toFile: rig.space.path("service.json"), atomically: true, encoding: .utf8)
    let (service, client) = try rig.serveHTTP("service.json")
    try rig.eventually("it is ready", service) { try client.get("/edge/readyz").status == 200 }
    let plain = try client.get("/edge")
    #expect(plain.status == 308 && plain.head.contains("Location: /edge/\r\n"))
    try Site.check(client, base: "/edge/", "sign_in", viewer, op, "lab")
    _ = try rig.terminate(service)
  }
}
