import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

/// Everything that pictures can come out of, behind `privacy.anonymize`: what has come out is decoded, and a face model looks
/// at it. Without the stage the same check finds faces everywhere.
@Suite(
  "The command: pictures that come out behind privacy.anonymize", .enabled(if: FaceFilm.isAvailable, FaceFilm.needs),
  .serialized, .timeLimit(.minutes(20)))
struct AnonymizedOutputsTests {
  private static let frames = 50

  // MARK: - What there is

  /// Stages of sinks that show pictures, by type: the names under which their pictures are searched.
  private static let shown: [String: [String]] = [
    "sink.video": ["video"], "sink.stream": ["hls", "rtsp", "udp"], "sink.snapshot": ["jpeg", "png"],
    "sink.http": ["http"], "sink.mqtt": ["mqtt"], "sink.kafka": ["kafka"], "sink.sqlite": ["store"],
  ]
  /// They copy what cameras send, and are refused.
  private static let copying: Set = ["sink.record", "sink.clip"]
  /// They write no pixels.
  private static let plain: Set = ["sink.jsonl", "sink.csv", "sink.coco", "sink.mot", "sink.null"]

  @Test(
    "given all sinks that there are, when a new one can show pictures, then it is among those that are looked at here")
  func sinks() throws {
    let listed = try Command.run(["stages", "--json"])
    let stages = try #require(
      (JSONSerialization.jsonObject(with: Data(listed.output.utf8)) as? [String: Any])?["stages"] as? [[String: Any]])
    let sinks = stages.filter { $0["role"] as? String == "sink" }
    let types = Set(sinks.compactMap { $0["type"] as? String })
    #expect(types == Set(Self.shown.keys).union(Self.copying).union(Self.plain), "each is in one of the lists")
    for sink in sinks where sink["pictures"] as? Bool == true {
      let type = try #require(sink["type"] as? String)
      #expect(Self.shown[type] != nil || Self.copying.contains(type), "\(type) gets pictures")
    }
  }

  // MARK: - A run

  /// What the sinks send to, as far as it is there.
  private struct Receivers {
    let webhook: WebhookReceiver?
    let brokers: HelperProcess?
    let rtsp: HelperProcess?
    let udpPort: Int

    init(_ space: Workspace) throws {
      webhook = WebhookReceiver.isAvailable ? try WebhookReceiver(space) : nil
      let programs = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto_sub", "/usr/bin/kcat"]
      let hasBrokers = programs.allSatisfy(FileManager.default.isExecutableFile)
      brokers = hasBrokers ? try HelperProcess("brokers.py", [space.folder.path]) : nil
      rtsp = FaultRow.isAvailable ? try HelperProcess("rtsp_receiver.py", [space.folder.path]) : nil
      udpPort = try FreePort.udp()
    }
  }

  /// Each sink that shows pictures, with its requirement, after a stage.
  private func sinks(_ receivers: Receivers, after: String, requires: Bool) -> String {
    let sending = #""what": ["frames", "events"], "picture": "frame", "flushS": 60"#
    let mqtt = receivers.brokers?.address.split(separator: " ").first.map(String.init) ?? "1883"
    let kafka = receivers.brokers?.address.split(separator: " ").last.map(String.init) ?? "127.0.0.1:9092"
    let all: [(id: String, type: String, isThere: Bool, config: String)] = [
      ("video", "video", true, #""path": "video.mp4""#),
      ("hls", "stream", true, #""to": "hls", "windowS": 60"#),
      ("rtsp", "stream", receivers.rtsp != nil, #""to": "\#(receivers.rtsp?.address ?? "")", "timeoutS": 60"#),
      ("udp", "stream", true, #""to": "udp://127.0.0.1:\#(receivers.udpPort)""#),
      ("jpeg", "snapshot", true, #""folder": "jpeg", "everyS": 1, "onEvents": ["zone.enter"], "onNewTrack": true"#),
      ("png", "snapshot", true, #""folder": "png", "everyS": 1, "format": "png""#),
      (
        "http", "http", receivers.webhook != nil,
        #""url": "http://127.0.0.1:\#(receivers.webhook?.port ?? 0)/", \#(sending)"#
      ),
      (
        "mqtt", "mqtt", receivers.brokers != nil,
        #""url": "mqtt://127.0.0.1:\#(mqtt)", "topic": "pictures", \#(sending)"#
      ),
      ("kafka", "kafka", receivers.brokers != nil, #""brokers": ["\#(kafka)"], "topic": "pictures", \#(sending)"#),
      ("store", "sqlite", true, #""path": "store.db", "pictures": true"#),
    ]
    return all.filter(\.isThere).map { sink in
      let requirement = requires ? #" "requires": "anonymized","# : ""
      return
        #"{ "id": "\#(sink.id)", "type": "sink.\#(sink.type)", "after": ["\#(after)"],\#(requirement) "config": { \#(sink.config) } }"#
    }.joined(separator: ",\n")
  }

  /// Whether all frames have come to the sink of lines.
  private func isOver(_ space: Workspace) -> Bool {
    let text = (try? String(contentsOfFile: space.path("lines.jsonl"), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").count { $0.hasPrefix(#"{"type":"frame""#) } == Self.frames
  }

  /// Frames that all sinks have taken, as the run says.
  private func delivered(_ space: Workspace) throws -> Int {
    let status = try Command.run(["ctl", "status", "--json", "--control", "c.sock"], in: space.folder)
    let members = try JSONSerialization.jsonObject(with: Data(status.output.utf8)) as? [String: Any]
    return members?["delivered"] as? Int ?? 0
  }

  @Test(
    "given all sinks that show pictures and the control socket, when faces are hidden, then none comes out; else all show some",
    arguments: [true, false])
  func run(isHiding: Bool) throws {
    let space = try Workspace(), film = try FaceFilm(space.path("film.mp4"), frames: Self.frames)
    let receivers = try Receivers(space)
    let last = isHiding ? "hide" : "zones"
    let file = try space.pipeline(
      FaceHiding.beginning(film.path) + (isHiding ? FaceHiding.hiding : "")
        + #"""
        { "id": "open", "type": "sink.null", "after": ["camera"] },
        { "id": "lines", "type": "sink.jsonl", "after": ["zones"], "config": { "path": "lines.jsonl" } },
        """#
        + sinks(receivers, after: last, requires: isHiding))
    let validated = try Command.run(["validate", file], in: space.folder)
    #expect(validated.status == 0, "\(validated.errors)")

    let udp = Process()
    udp.executableURL = URL(fileURLWithPath: "/usr/bin/ffmpeg")
    udp.arguments = [
      "-nostdin", "-v", "quiet", "-probesize", "500000", "-analyzeduration", "500000", "-i",
      "udp://127.0.0.1:\(receivers.udpPort)?buffer_size=4000000&timeout=60000000", "-frames:v", "20", "-q:v", "2",
      space.path("udp-%d.jpg"),
    ]
    try udp.run()
    let run = try Command.Running(
      ["run", file, "--quiet", "--control", "c.sock", "--report", "report.json"], in: space.folder,
      environment: ["EDGEPIPE_STATE": space.path("state")])
    let search = try FaceSearch()
    while !FileManager.default.fileExists(atPath: space.path("c.sock")) {
      try #require(run.process.isRunning, "\(run.state)")
      usleep(10_000)
    }
    var taken = 0
    while taken < 4, !isOver(space) {
      try #require(run.process.isRunning, "\(run.state)")
      let picture = try Command.run(
        ["ctl", "picture", "camera", "--output", "now.jpg", "--control", "c.sock"], in: space.folder)
      // None while models are being loaded, or when the film is over.
      guard picture.status == 0 else { continue }
      try search.add(Data(contentsOf: URL(fileURLWithPath: space.path("now.jpg"))), of: "control")
      taken += 1
    }
    // A drain ends after ten seconds, and the sinks of a busy machine may have more to do than that. What the stage keeps back
    // comes with the drain.
    while try !isOver(space) || delivered(space) < Self.frames - 3 {
      try #require(run.process.isRunning, "\(run.state)")
      usleep(10_000)
    }
    #expect(try Command.run(["ctl", "drain", "--control", "c.sock"], in: space.folder).status == 0)
    let result = try run.finish()
    try #require(result.status == 0, "\(result.errors)")
    let ledger = try #require(try space.report()["ledger"] as? [String: Any])
    #expect(ledger["delivered"] as? Int == Self.frames && ledger["balanced"] as? Bool == true, "\(ledger)")
    if udp.isRunning { udp.interrupt() }
    udp.waitUntilExit()

    try search.add(film: space.path("video.mp4"), of: "video")
    try search.add(film: space.path("hls/index.m3u8"), of: "hls", every: 3)
    try search.add(film: space.path("udp-%d.jpg"), of: "udp", every: 3)
    try search.add(folder: space.path("jpeg"), of: "jpeg")
    try search.add(folder: space.path("png"), of: "png")
    if receivers.rtsp != nil { try search.add(film: space.path("%d.ppm"), of: "rtsp", every: 3) }
    if receivers.webhook != nil { try add(space.lines("received.jsonl"), of: "http", to: search) }
    if let brokers = receivers.brokers {
      _ = try brokers.finish("")
      for name in ["mqtt", "kafka"] { try add(space.lines("\(name).jsonl"), of: name, to: search) }
    }
    let stored = try Command.run(
      ["query", "store.db", "--sql", "SELECT jpeg FROM pictures", "--format", "json"], in: space.folder)
    let rows = try JSONSerialization.jsonObject(with: Data(stored.output.utf8)) as? [[String: Any]] ?? []
    for row in rows {
      let picture = try #require((row["jpeg"] as? String).flatMap { Data(base64Encoded: $0) })
      try search.add(picture, of: "store", isCloseUp: true)
    }
    try FaceHiding.expect(search.finish(film.places), faces: !isHiding, in: outputs(receivers) + ["control"])
  }

  /// Every third frame's and every event's picture.
  private func add(_ results: [[String: Any]], of output: String, to search: FaceSearch) throws {
    for result in results where result["type"] as? String == "event" || (result["frame"] as? Int ?? 0) % 3 == 0 {
      try search.add(in: result, of: output)
    }
  }

  private func outputs(_ receivers: Receivers) -> [String] {
    var missing: Set<String> = []
    if receivers.rtsp == nil { missing.insert("rtsp") }
    if receivers.webhook == nil { missing.insert("http") }
    if receivers.brokers == nil { missing.formUnion(["mqtt", "kafka"]) }
    return Self.shown.values.flatMap { $0 }.filter { !missing.contains($0) }
  }

  // MARK: - What is refused

  @Test("given sinks that require hidden faces, when one copies packets or stands before the stage, then each is named")
  func refused() throws {
    let space = try Workspace(), receivers = try Receivers(space)
    let copies = ["record", "clip"].map {
      #"{ "id": "\#($0)", "type": "sink.\#($0)", "after": ["hide"], "requires": "anonymized", "config": { "folder": "\#($0)" } }"#
    }
    for copy in copies {
      let file = try space.pipeline(FaceHiding.beginning("film.mp4") + FaceHiding.hiding + copy)
      for command in ["validate", "run"] {
        let result = try Command.run([command, file], in: space.folder)
        #expect(result.status == 78 && result.errors.contains("copies what the camera sends"), "\(result.errors)")
      }
    }
    let file = try space.pipeline(
      FaceHiding.beginning("film.mp4") + FaceHiding.hiding
        + #"{ "id": "out", "type": "sink.null", "after": ["hide"] },"#
        + sinks(receivers, after: "zones", requires: true))
    let result = try Command.run(["validate", file], in: space.folder)
    #expect(result.status == 78)
    for id in outputs(receivers) {
      #expect(result.errors.contains("camera -> scale -> faces -> tracks -> zones -> \(id)"), "\(result.errors)")
    }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: space.folder.path).filter { $0.hasSuffix(".mp4") }.isEmpty)
  }

  @Test("given a detector that looks seldom, when a face could be shown between two looks, then its option is named")
  func seldom() throws {
    let space = try Workspace()
    func validate(_ sink: String, _ sets: String...) throws -> CommandResult {
      let file = try space.pipeline(FaceHiding.beginning("film.mp4") + FaceHiding.hiding + sink)
      return try Command.run(["validate", file] + sets.flatMap { ["--set", $0] }, in: space.folder)
    }
    let strict =
      #"{ "id": "out", "type": "sink.video", "after": ["hide"], "requires": "anonymized", "config": { "path": "v.mp4" } }"#
    let free = #"{ "id": "out", "type": "sink.null", "after": ["hide"] }"#
    let words = "looks at one frame in 8, and 'hide' keeps 3 frames back"
    let refused = try validate(strict, "faces.interval=8")
    #expect(refused.status == 78 && refused.errors.contains(words) && refused.errors.contains("faces.interval"))
    #expect(refused.errors.contains("set the interval of 'faces' to 4 or less, or delayFrames of 'hide' to 7 or more"))
    let warned = try validate(free, "faces.interval=8")
    #expect(
      warned.status == 0 && warned.errors.contains("warning: ") && warned.errors.contains(words), "\(warned.errors)")
    let whole = try validate(free, "faces.interval=33")
    #expect(whole.status == 78 && whole.errors.contains("4 of 33 pictures would be hidden whole"), "\(whole.errors)")
    #expect(try validate(strict, "faces.interval=8", "hide.delayFrames=7").errors.isEmpty)
  }

  // MARK: - A trace

  @Test("given a run that was recorded, when it is replayed, then the same comes out, byte for byte, and no face")
  func replay() throws {
    let space = try Workspace(), film = try FaceFilm(space.path("film.mp4"), frames: Self.frames)
    let file = try space.pipeline(
      FaceHiding.beginning(film.path, isRealTime: false) + FaceHiding.hiding
        + #"""
        { "id": "video", "type": "sink.video", "after": ["hide"], "requires": "anonymized", "config": { "path": "then.mp4" } },
        { "id": "results", "type": "sink.jsonl", "after": ["hide"], "config": { "path": "then.jsonl" } }
        """#)
    let run = try Command.run(
      ["run", file, "--quiet", "--record", "run.trace", "--report", "then.json"], in: space.folder)
    #expect(run.status == 0, "\(run.errors)")
    try FileManager.default.removeItem(atPath: film.path)
    let again = try Command.run(
      [
        "replay", "run.trace", "--set", "video.path=now.mp4", "--set", "results.path=now.jsonl", "--report", "now.json",
      ],
      in: space.folder)
    #expect(again.status == 0, "\(again.errors)")
    for ending in ["jsonl", "mp4"] {
      let then = try Data(contentsOf: URL(fileURLWithPath: space.path("then.\(ending)")))
      #expect(try then == Data(contentsOf: URL(fileURLWithPath: space.path("now.\(ending)"))) && !then.isEmpty)
    }
    for name in ["then.json", "now.json"] {
      let ledger = try #require(try space.report(name)["ledger"] as? [String: Any])
      #expect(ledger["delivered"] as? Int == Self.frames && ledger["balanced"] as? Bool == true, "\(ledger)")
    }
    let search = try FaceSearch()
    try search.add(film: space.path("now.mp4"), of: "replay")
    try FaceHiding.expect(search.finish(film.places), faces: false, in: ["replay"])
  }
}
