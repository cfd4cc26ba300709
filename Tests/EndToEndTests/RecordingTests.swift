import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: recordings")
struct RecordingTests {
  /// One that is watched while it runs is read at the pace of its own time.
  private func film(_ space: Workspace, seconds: Int = 20) throws -> String {
    try FFmpeg.make([
      "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=\(seconds)", "-pix_fmt", "yuv420p", "-c:v",
      "libx264",
      "-tune", "zerolatency", "-g", "25", "-b:v", "2M", "-minrate", "2M", "-maxrate", "2M", "-bufsize", "1M",
      "-nal-hrd", "cbr", space.path("film.mp4"),
    ])
    return space.path("film.mp4")
  }

  private func pipeline(_ space: Workspace, _ film: String, folder: String = "recordings", more: String = "") throws
    -> String
  {
    try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "\(film)", "realtime": true } },
      { "id": "out", "type": "sink.jsonl", "after": ["camera"], "config": { "path": "-" } },
      { "id": "record", "type": "sink.record", "after": ["camera"], "config": { "folder": "\(folder)", "segmentS": 3\(more) } }
      """)
  }

  private func recordings(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".mp4") }.sorted().map {
      String("\(folder)/\($0)".dropLast(4))
    }
  }

  private func json(_ recording: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: recording + ".json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  /// A checksum of each packet.
  private func packets(_ path: String) throws -> [String] {
    let result = try TestData.run(
      URL(fileURLWithPath: "/usr/bin/ffmpeg"),
      ["-v", "error", "-i", path, "-map", "0:v:0", "-c", "copy", "-f", "framehash", "-hash", "md5", "-"])
    #expect(result.status == 0)
    return String(decoding: result.output, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
      .compactMap { $0.split(separator: ",").last.map(String.init) }
  }

  @Test(
    "given a run that records, when it is killed, then the file plays up to its last fragment, and the next run goes on beside it",
    .enabled(if: Has.ffmpeg, "needs ffmpeg"))
  func killed() throws {
    let space = try Workspace()
    let film = try film(space), file = try pipeline(space, film)
    let run = try Command.Running(["run", file, "--quiet"], in: space.folder)
    _ = run.read(lines: 140)
    run.signal(SIGKILL)
    _ = try run.finish()
    let before = try recordings(space.path("recordings/camera"))
    try #require(before.count == 2)
    let last = try #require(before.last)
    #expect(try json(last)["complete"] as? Bool == false)
    #expect(try json(before[0])["complete"] as? Bool == true)
    let held = try before.flatMap { try packets($0 + ".mp4") }, all = try packets(film)
    // 140 frames were seen; the last fragment and what waited to be written are at most the last two seconds.
    #expect(held.count >= 85 && held == Array(all.prefix(held.count)), "\(held.count)")
    #expect(try FFmpeg.frameCount(last + ".mp4") == held.count - 75)

    let again = try Command.run(
      ["run", file, "--quiet", "--set", "camera.realtime=false", "--set", "out.path=out.jsonl"], in: space.folder)
    #expect(again.status == 0, "\(again.errors)")
    let after = try recordings(space.path("recordings/camera"))
    #expect(after.starts(with: before) && after.count > before.count)
    #expect(try after.dropFirst(2).flatMap { try packets($0 + ".mp4") } == all)
  }

  @Test(
    "given a full disk, when there is room again, then frames came all the while, recording goes on, and what is there plays",
    .enabled(if: Has.ffmpeg && SmallDisk.isPossible, "needs ffmpeg, and the right to mount a tmpfs"))
  func fullDisk() throws {
    let space = try Workspace(), disk = try SmallDisk(space.path("disk"), megabytes: 8)
    // Keeps what it has written, so that the disk stays full.
    let file = try pipeline(
      space, film(space, seconds: 60), folder: "disk/recordings", more: #", "minFreeMB": 0"#)
    try disk.fill(leaving: 600 << 10)
    let run = try Command.Running(["run", file, "--report", "report.json"], in: space.folder)
    func read(until words: String) throws {
      while !run.errorsSoFar.contains(words) {
        try #require(!run.read(lines: 5).isEmpty, "the run ended: \(run.state)")
      }
    }
    try read(until: "is recorded for now")
    // Ten more frames: nothing else was held up.
    #expect(!run.read(lines: 10).isEmpty)
    try disk.empty()
    try read(until: "' goes on")
    // A whole fragment of what came since then.
    #expect(!run.read(lines: 60).isEmpty)
    run.signal(SIGTERM)
    let result = try run.finish()
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.components(separatedBy: "is recorded for now").count == 2, "told once")
    let stages = try space.report()["stages"] as? [String: [String: Any]]
    let facts = try #require(stages?["record"]?["facts"] as? [String: Any])
    #expect(facts["failed_writes"] as? Int ?? 0 >= 1 && facts["unwritten_packets"] as? Int ?? 0 > 0)
    let found = try recordings(space.path("disk/recordings/camera"))
    #expect(found.count >= 2)
    for recording in found { #expect(try FFmpeg.frameCount(recording + ".mp4") == packets(recording + ".mp4").count) }
    #expect(try found.contains { try json($0)["ended_by"] as? String == "write error" })
    let final = try #require(found.last)
    #expect(try json(final)["complete"] as? Bool == true)
  }

  @Test(
    "given a camera whose pictures show people, when they enter a zone, then clips hold its own packets around them, and the recording holds all",
    .enabled(
      if: Has.clip && FaultRow.isAvailable && Has.model("yolox-nano"),
      "needs the test data and the model yolox-nano; \(FaultRow.needs)"))
  func camera() throws {
    let space = try Workspace()
    let source = try #require(TestData.file("data/video/one-by-one-person-detection.mp4")).path
    try FFmpeg.make([
      "-i", source, "-t", "12", "-vf", "scale=384:-2,fps=10", "-an", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-tune",
      "zerolatency", "-threads", "1", "-g", "10", "-sc_threshold", "0", space.path("film.mp4"),
    ])
    let camera = try Camera(film: space.path("film.mp4"))
    let file = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "${CAMERA_URL}", "reconnect": { "minS": 300, "maxS": 300 } } },
      { "id": "scale", "type": "preprocess.letterbox", "after": ["camera"] },
      { "id": "objects", "type": "detect.yolo", "after": ["scale"], "config": { "model": "yolox-nano" } },
      { "id": "tracks", "type": "track.sort", "after": ["objects"], "config": { "minHits": 1 } },
      { "id": "zones", "type": "analytics.zones", "after": ["tracks"], "config": { "units": "relative", "zones": [
        { "name": "all", "points": [[0, 0], [1, 0], [1, 1], [0, 1]] } ] } },
      { "id": "clips", "type": "sink.clip", "after": ["zones"], "config": { "folder": "clips", "kinds": ["zone.enter"],
        "beforeS": 1, "afterS": 1 } },
      { "id": "record", "type": "sink.record", "after": ["camera"], "config": { "folder": "recordings" } }
      """)
    let address = camera.url.replacingOccurrences(of: "://", with: "://viewer:s3cret@")
    let run = try Command.Running(
      ["run", file, "--report", "report.json"], in: space.folder, environment: ["CAMERA_URL": address])
    // The server ends the stream after the film, and the next connection would be far away.
    while run.process.isRunning, !run.errorsSoFar.contains("does not stream") { usleep(20_000) }
    run.signal(SIGTERM)
    let result = try withExtendedLifetime(camera) { try run.finish() }
    #expect(result.status == 0, "\(result.errors)")
    let all = try slices(space.path("film.mp4"))
    let recording = try #require(recordings(space.path("recordings/camera")).first)
    #expect(try slices(recording + ".mp4") == all)
    let clips = try recordings(space.path("clips/camera"))
    try #require(!clips.isEmpty, "somebody walks through the picture")
    for clip in clips {
      let held = try slices(clip + ".mp4"), facts = try json(clip)
      let begin = try #require(held.first.flatMap { all.firstIndex(of: $0) })
      #expect(begin % 10 == 0 && Array(all[begin...].prefix(held.count)) == held)
      let events = try #require(facts["events"] as? [[String: Any]])
      #expect(
        !events.isEmpty && events.allSatisfy { $0["kind"] as? String == "zone.enter" && $0["zone"] as? String == "all" }
      )
      let asked = try #require(facts["asked_pts_s"] as? Double), first = try #require(facts["begin_pts_s"] as? Double)
      #expect(first > asked - 1.05, "at most one key frame before what was asked")
      #expect(first <= asked + 0.01 || facts["cut_before_s"] is Double || facts["continues"] is Bool)
      #expect(FileManager.default.fileExists(atPath: clip + ".jpg"))
    }
  }

  /// The slices of the pictures in Annex B form: servers add parameters of their own before them.
  private func slices(_ path: String) throws -> [Data] {
    let result = try TestData.run(
      URL(fileURLWithPath: "/usr/bin/ffmpeg"),
      [
        "-v", "error", "-i", path, "-map", "0:v:0", "-c", "copy", "-bsf:v",
        "h264_mp4toannexb,filter_units=pass_types=1-5", "-f", "framehash", "-hash", "md5", "-",
      ])
    #expect(result.status == 0)
    return String(decoding: result.output, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
      .compactMap { $0.split(separator: ",").last.map { Data($0.utf8) } }
  }
}
