import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: traces")
struct ReplayTests {
  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  private func makeFilm(_ path: String, seconds: Int = 2) throws {
    try FFmpeg.make([
      "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=\(seconds)", "-pix_fmt", "yuv420p", "-c:v",
      "libx264",
      "-tune", "zerolatency", "-g", "25", path,
    ])
  }

  @Test(
    "given two cameras in overload that break off and come back, when their trace is replayed without them, then all bytes are the same",
    .enabled(if: FaultRow.isAvailable, "\(FaultRow.needs)"))
  func cameras() throws {
    let space = try Workspace()
    try makeFilm(space.path("film.mp4"))
    let file = try space.pipeline(
      """
      { "id": "cameras", "type": "source.ffmpeg", "config": {
        "streams": [{ "id": "left", "url": "${CAMERA_URL}" }, { "id": "right", "url": "${CAMERA_URL}" }],
        "reconnect": { "minS": 0.1, "maxS": 0.3 }, "maxFrames": 80 } },
      { "id": "slow", "type": "detect.null", "after": ["cameras"], "workers": 2, "queue": { "capacity": 1 },
        "config": { "busyMs": 45 } },
      { "id": "quick", "type": "detect.null", "after": ["cameras"], "config": { "busyMs": 2 } },
      { "id": "tracks", "type": "track.sort", "after": ["slow", "quick"] },
      { "id": "out", "type": "sink.jsonl", "after": ["tracks"], "config": { "path": "then.jsonl" } }
      """, extra: #" "budget": { "deadlineMs": 500 },"#)
    let result = try {
      let camera = try Camera(film: space.path("film.mp4"))
      let address = camera.url.replacingOccurrences(of: "rtsp://", with: "rtsp://viewer:s3cret@")
      return try withExtendedLifetime(camera) {
        try Command.run(
          ["run", file, "--record", "traces/run.trace", "--report", "then.json"], in: space.folder,
          environment: ["CAMERA_URL": address])
      }
    }()
    #expect(result.status == 0, "\(result.errors)")
    let then = try space.report("then.json"), ledger = try #require(then["ledger"] as? [String: Any])
    #expect(try #require(ledger["delivered"] as? Int) > 0)
    #expect(try #require(ledger["dropped"] as? Int) > 0, "this must be an overload")
    let trace = try bytes(space.path("traces/run.trace"))
    #expect(trace.range(of: Data("s3cret".utf8)) == nil)
    let health = try space.lines("then.jsonl").filter { $0["type"] as? String == "health" }
    #expect(health.contains { $0["fault"] as? String == "end" }, "a camera must have come back")

    // The camera is gone, and its address is not even known.
    let again = try Command.run(
      ["replay", "traces/run.trace", "--set", "out.path=now.jsonl", "--report", "now.json"], in: space.folder)
    #expect(again.status == 0, "\(again.errors)")
    #expect(try bytes(space.path("now.jsonl")) == bytes(space.path("then.jsonl")))
    let now = try space.report("now.json")
    #expect(NSDictionary(dictionary: ledger) == NSDictionary(dictionary: try #require(now["ledger"] as? [String: Any])))
    try expectRefusals(space, trace)
  }

  /// What a trace that is not whole, or no longer what it was, does to the command.
  private func expectRefusals(_ space: Workspace, _ trace: Data) throws {
    func replay(_ bytes: Data) throws -> CommandResult {
      try bytes.write(to: URL(fileURLWithPath: space.path("other.trace")))
      return try Command.run(["replay", "other.trace", "--set", "out.path=part.jsonl"], in: space.folder)
    }
    let part = try replay(trace.prefix(trace.count * 2 / 3))
    #expect(part.status == 0, "\(part.errors)")
    #expect(part.errors.contains("the trace is incomplete"))
    let beginning = try bytes(space.path("part.jsonl"))
    #expect(!beginning.isEmpty)
    #expect(try bytes(space.path("then.jsonl")).starts(with: beginning))

    var damaged = trace
    damaged[trace.count / 2] ^= 0x40
    var newer = trace
    newer[8] = 9
    for (bytes, word) in [(damaged, "damaged"), (newer, "version 9"), (Data("{}".utf8), "not a trace")] {
      let refused = try replay(bytes)
      #expect(refused.status == 65)
      #expect(refused.errors.contains(word), "\(refused.errors)")
    }
    #expect(try Command.run(["replay", "nowhere.trace"], in: space.folder).status == 66)
  }

  @Test(
    "given files that lose frames in a full queue, when the trace is replayed without them, then all bytes are the same",
    .enabled(if: Has.ffmpeg, "needs ffmpeg"))
  func files() throws {
    let space = try Workspace()
    try makeFilm(space.path("a.mp4"))
    try makeFilm(space.path("b.mp4"), seconds: 1)
    let file = try space.pipeline(
      """
      { "id": "films", "type": "source.ffmpeg", "config": { "threads": 2,
        "streams": [{ "id": "a", "url": "a.mp4" }, { "id": "b", "url": "b.mp4" }, { "id": "c", "url": "c.mp4" }] } },
      { "id": "work", "type": "detect.null", "after": ["films"], "workers": 2,
        "queue": { "capacity": 2, "overflow": "dropOldest" }, "config": { "busyMs": 4 } },
      { "id": "shots", "type": "sink.snapshot", "after": ["work"], "config": { "folder": "then", "everyS": 0.5 } },
      { "id": "video", "type": "sink.video", "after": ["work"], "config": { "path": "then-{stream}.mp4" } },
      { "id": "out", "type": "sink.jsonl", "after": ["work"], "config": { "path": "then.jsonl" } }
      """)
    let result = try Command.run(["run", file, "--record", "run.trace"], in: space.folder)
    #expect(result.status == 1, "one film is not there: \(result.errors)")
    for film in ["a.mp4", "b.mp4"] { try FileManager.default.removeItem(atPath: space.path(film)) }
    let again = try Command.run(
      [
        "replay", "run.trace", "--set", "out.path=now.jsonl", "--set", "video.path=now-{stream}.mp4", "--set",
        "shots.folder=now",
      ],
      in: space.folder)
    #expect(again.status == 1, "\(again.errors)")
    #expect(try bytes(space.path("now.jsonl")) == bytes(space.path("then.jsonl")))
    #expect(try !space.lines("now.jsonl").isEmpty)
    for film in ["a", "b"] {
      #expect(try FFmpeg.frameCount(space.path("now-\(film).mp4")) == FFmpeg.frameCount(space.path("then-\(film).mp4")))
    }
    let pictures = try FileManager.default.contentsOfDirectory(atPath: space.path("then")).sorted()
    #expect(!pictures.isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: space.path("now")).sorted() == pictures)
    for picture in pictures where picture.hasSuffix(".jpg") {
      #expect(try bytes(space.path("now/" + picture)) == bytes(space.path("then/" + picture)))
    }
  }

  @Test("given a disk that takes nothing, when a run is to be recorded, then it ends before it begins, with exit 74")
  func unwritable() throws {
    let space = try Workspace()
    let file = try space.pipeline(
      """
      { "id": "in", "type": "source.synthetic", "config": { "frames": 3, "live": false } },
      { "id": "end", "type": "sink.null", "after": ["in"] }
      """)
    let full = try Command.run(["run", file, "--record", "/dev/full"], in: space.folder)
    #expect(full.status == 74, "\(full.errors)")
    let folder = try Command.run(["run", file, "--record", space.folder.path], in: space.folder)
    #expect(folder.status == 74, "\(folder.errors)")
  }
}
