import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: results in a database")
struct DatabaseTests {
  private let space: Workspace

  init() throws { space = try Workspace() }

  private func query(_ arguments: [String]) throws -> CommandResult {
    try Command.run(["query"] + arguments, in: space.folder)
  }

  /// What a question gives, as the program that asked for JSON reads it.
  private func rows(_ arguments: [String]) throws -> [[String: Any]] {
    let result = try query(arguments + ["--format", "json", "--limit", "0"])
    #expect(result.status == 0, "\(result.errors)")
    return try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
  }

  @Test(
    "given people in zones, when run, then the database has the events of the results file, its tracks and their pictures",
    .enabled(if: Has.clip && Has.model("yolox-nano"), "needs the test data and the model yolox-nano"))
  func people() throws {
    let clip = TestData.file("data/video/one-by-one-person-detection.mp4")?.path ?? ""
    let file = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "\(clip)", "maxFrames": 250 } },
      { "id": "scale", "type": "preprocess.letterbox", "after": ["camera"] },
      { "id": "objects", "type": "detect.yolo", "after": ["scale"], "workers": 2, "config": { "model": "yolox-nano" } },
      { "id": "tracks", "type": "track.sort", "after": ["objects"] },
      { "id": "zones", "type": "analytics.zones", "after": ["tracks"], "config": { "units": "relative", "zones": [
        { "name": "all", "points": [[0, 0], [1, 0], [1, 1], [0, 1]] },
        { "name": "left", "points": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]] } ] } },
      { "id": "events", "type": "sink.jsonl", "after": ["zones"], "config": { "path": "events.jsonl" } },
      { "id": "store", "type": "sink.sqlite", "after": ["zones"],
        "config": { "path": "out/results.db", "pictures": true } }
      """)
    let result = try Command.run(["run", file, "--report", "report.json"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")

    // Every event, as it was written.
    let lines = try String(contentsOfFile: space.path("events.jsonl"), encoding: .utf8).split(separator: "\n")
    let events = lines.filter { $0.hasPrefix(#"{"type":"event""#) }.map(String.init)
    let stored = try rows(["out/results.db", "--sql", "SELECT json FROM events ORDER BY number"])
    #expect(stored.compactMap { $0["json"] as? String } == events && !events.isEmpty)
    #expect(
      try rows(["out/results.db", "--sql", "SELECT count(DISTINCT id) AS n FROM events"]).first?["n"] as? Int
        == events.count)

    // Every track, from its first frame to its last.
    var spans: [Int: (first: Int, last: Int, frames: Int)] = [:]
    for frame in try space.lines("events.jsonl") where frame["type"] as? String == "frame" {
      let number = try #require(frame["frame"] as? Int)
      for found in frame["detections"] as? [[String: Any]] ?? [] {
        guard let track = found["track"] as? Int else { continue }
        let known = spans[track] ?? (number, number, 0)
        spans[track] = (known.first, number, known.frames + 1)
      }
    }
    let tracks = try rows(["out/results.db", "tracks"])
    #expect(Set(tracks.compactMap { $0["track"] as? Int }) == Set(spans.keys) && tracks.count == spans.count)
    for track in tracks {
      let span = try #require((track["track"] as? Int).flatMap { spans[$0] })
      #expect(track["frames"] as? Int == span.frames)
      #expect((track["picture_bytes"] as? Int ?? 0) > 500, "each was seen with its picture")
    }
    let firsts = try rows(["out/results.db", "--sql", "SELECT track, first_frame FROM tracks"])
    #expect(
      firsts.allSatisfy { row in (row["track"] as? Int).flatMap { spans[$0]?.first } == row["first_frame"] as? Int })
    // JPEG begins so, and the longer side has at most 320 pixels.
    let picture = try #require(
      try rows(["out/results.db", "--sql", "SELECT jpeg FROM pictures LIMIT 1"]).first?["jpeg"])
    let jpeg = try #require((picture as? String).flatMap { Data(base64Encoded: $0) })
    #expect(jpeg.starts(with: [0xFF, 0xD8, 0xFF]))

    // The ready questions agree with the events.
    let entries = events.count { $0.contains(#""kind":"zone.enter""#) && $0.contains(#""zone":"left""#) }
    #expect(try rows(["out/results.db", "who", "--zone", "left"]).count == entries && entries > 0)
    let counts = try rows(["out/results.db", "counts", "--zone", "left", "--since", "1d"])
    #expect(counts.compactMap { $0["count"] as? Int }.reduce(0, +) == entries)
    #expect(try rows(["out/results.db", "streams"]).first?["frames"] as? Int == 250)
    #expect(try rows(["out/results.db", "who", "--until", "2026-01-01"]).isEmpty || entries == 0)

    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: space.path("report.json"))))
        as? [String: Any])
    let ledger = try #require(report["ledger"] as? [String: Any])
    #expect(ledger["delivered"] as? Int == 250 && ledger["balanced"] as? Bool == true)

    // A second run joins the first in the same file.
    let again = try Command.run(["run", file, "--set", "camera.maxFrames=20", "--quiet"], in: space.folder)
    #expect(again.status == 0, "\(again.errors)")
    #expect(try rows(["out/results.db", "streams"]).first?["runs"] as? Int == 2)
  }

  @Test(
    "given frames and no results, when run, then the database has the run and its stream, and questions have no rows")
  func nothing() throws {
    let file = try space.pipeline(
      #"""
      { "id": "camera", "type": "source.synthetic", "config": { "frames": 30, "fps": 1000, "live": false } },
      { "id": "nothing", "type": "detect.null", "after": ["camera"] },
      { "id": "store", "type": "sink.sqlite", "after": ["nothing"], "config": { "path": "results.db", "maxMB": 5 } }
      """#)
    let run = try Command.run(["run", file, "--quiet"], in: space.folder)
    #expect(run.status == 0, "\(run.errors)")
    let streams = try rows(["results.db"])
    #expect(streams.count == 1 && streams.first?["stream"] as? String == "camera")
    #expect(streams.first?["frames"] as? Int == 30 && streams.first?["tracks"] as? Int == 0)
    let none = try query(["results.db", "who"])
    #expect(none.status == 0 && none.output.isEmpty && none.errors.contains("nothing was found"))
    #expect(
      try query(["results.db", "who", "--format", "csv"]).output.hasPrefix("zone,stream,label,track,entered,left"))
    #expect(
      try rows(["results.db", "--sql", "SELECT ending FROM runs"]).map { $0["ending"] as? String } == ["finished"])
  }

  @Test(
    "given what no database can answer, when asked, then the exit code and the words say why",
    arguments: [
      (["none.db"], 66, "no such file"), (["."], 66, "is a folder"), (["text.db"], 65, "not a results database"),
      (["results.db", "--zone", "door", "who"], 64, "it holds none"),
      (["results.db", "--stream", "camra"], 64, "did you mean 'camera'?"),
      (["results.db", "whoo"], 64, "whoo"), (["results.db", "--sql", "DELETE FROM runs"], 64, "only read"),
      (["results.db", "--sql", "SELECT * FROM event"], 64, "no such table: event"),
      (["results.db", "who", "--date", "today", "--since", "1h"], 64, "--date cannot"),
      (["results.db", "who", "--date", "2026-02-30"], 64, "is no time"),
      (["results.db", "--by", "label"], 64, "counts"),
    ])
  func mistakes(arguments: [String], status: Int32, words: String) throws {
    try String(repeating: "text\n", count: 400).write(
      toFile: space.path("text.db"), atomically: false, encoding: .utf8)
    let file = try space.pipeline(
      #"""
      { "id": "camera", "type": "source.synthetic", "config": { "frames": 1, "live": false } },
      { "id": "store", "type": "sink.sqlite", "after": ["camera"], "config": { "path": "results.db" } }
      """#)
    #expect(try Command.run(["run", file, "--quiet"], in: space.folder).status == 0)
    let result = try query(arguments)
    #expect(result.status == status && result.errors.contains(words), "\(result.status): \(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test("given a file that is no database of ours, when a run writes there, then it is refused and stays as it was")
  func foreign() throws {
    try "mine".write(toFile: space.path("mine.db"), atomically: false, encoding: .utf8)
    let file = try space.pipeline(
      #"""
      { "id": "camera", "type": "source.synthetic", "config": { "frames": 1, "live": false } },
      { "id": "store", "type": "sink.sqlite", "after": ["camera"], "config": { "path": "mine.db" } }
      """#)
    let result = try Command.run(["run", file, "--quiet"], in: space.folder)
    #expect(result.status == 65 && result.errors.contains("mine.db"), "\(result.status): \(result.errors)")
    #expect(try String(contentsOfFile: space.path("mine.db"), encoding: .utf8) == "mine")
  }
}
