import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: streams that are watched")
struct WatchTests {
  private static let clip = TestData.file("data/video/one-by-one-person-detection.mp4")
  private static let hasClip = clip != nil && Has.ffmpeg

  private struct Told: Hashable {
    var kind: String
    var fault: String
  }

  /// A recording of a hall, made of the clip with a filter.
  private func film(_ space: Workspace, _ name: String, _ filter: String, seconds: Int = 130) throws {
    try FFmpeg.make([
      "-i", #require(Self.clip).path, "-an", "-t", "\(seconds)", "-vf", filter, "-c:v", "libx264", "-preset",
      "ultrafast", "-pix_fmt", "yuv420p", space.path(name),
    ])
  }

  private func faults(_ space: Workspace, _ name: String) throws -> [(told: Told, seconds: Double)] {
    try space.lines(name).compactMap { line in
      guard let kind = line["kind"] as? String, let fault = line["fault"] as? String,
        let seconds = line["pts_s"] as? Double
      else { return nil }
      return (Told(kind: kind, fault: fault), seconds)
    }
  }

  @Test(
    "given a camera that is covered, turned, blurred and stands still, when run, then each is told once within 30 s, its end too, with pictures, and a replay says the same",
    .enabled(if: hasClip, "needs the test data and ffmpeg"))
  func picture() throws {
    let space = try Workspace()
    func when(_ from: Int, _ to: Int) -> String { "enable='between(t,\(from),\(to))'" }
    // The picture of 95 s is shown for 22 s.
    let filters = [
      "drawbox=x=0:y=0:w=iw:h=ih:color=black:t=fill:\(when(25, 40))", "rotate=12*PI/180:\(when(48, 63))",
      "gblur=sigma=8:\(when(71, 86))", "select='not(between(t,95,117))'", "scale=384:216", "fps=4",
    ]
    try film(space, "door.mp4", filters.joined(separator: ","), seconds: 128)
    let file = try space.pipeline(
      """
      { "id": "door", "type": "source.ffmpeg", "config": { "url": "door.mp4" } },
      { "id": "watch", "type": "monitor.picture", "after": ["door"] },
      { "id": "pictures", "type": "sink.snapshot", "after": ["watch"],
        "config": { "folder": "pictures", "onEvents": ["fault", "recovered"] } },
      { "id": "events", "type": "sink.jsonl", "after": ["watch"], "config": { "path": "then.jsonl", "frames": "events" } }
      """)
    let result = try Command.run(
      ["run", file, "--record", "run.trace", "--report", "report.json"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let told = try faults(space, "then.jsonl")
    let kinds = ["covered", "turned", "blurred", "frozen"]
    #expect(
      told.map(\.told) == kinds.flatMap { [Told(kind: "fault", fault: $0), Told(kind: "recovered", fault: $0)] },
      "\(told)")
    for (index, begin) in [25.0, 48, 71, 95].enumerated() where told.indices.contains(2 * index) {
      #expect((begin...(begin + 30)).contains(told[2 * index].seconds), "\(kinds[index]): \(told[2 * index].seconds)")
    }
    if ResultSchema.isAvailable { #expect(try ResultSchema.problems(inFile: space.path("then.jsonl")) == []) }
    for kind in kinds { #expect(result.errors.contains("fault '\(kind)'"), "\(result.errors)") }

    let index = try space.lines("pictures/index.jsonl")
    #expect(index.map { $0["event"] as? String } == told.map(\.told.kind))
    #expect(index.allSatisfy { $0["reason"] as? String == "event" })
    for entry in index {
      let picture = try Data(contentsOf: URL(fileURLWithPath: space.path("pictures/\(entry["file"] as? String ?? "")")))
      #expect(picture.starts(with: [0xFF, 0xD8]))
    }
    let stages = try #require(try space.report()["stages"] as? [String: [String: Any]])
    let facts = try #require(stages["watch"]?["facts"] as? [String: Any])
    let counts = try #require(facts["faults"] as? [String: Int])
    #expect(counts.filter { $0.value > 0 } == Dictionary(uniqueKeysWithValues: kinds.map { ($0, 1) }))

    let again = try Command.run(
      ["replay", "run.trace", "--set", "events.path=now.jsonl", "--set", "pictures.folder=again"], in: space.folder)
    #expect(again.status == 0, "\(again.errors)")
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: space.path("now.jsonl")))
        == Data(contentsOf: URL(fileURLWithPath: space.path("then.jsonl"))))
  }

  @Test(
    "given a baseline of a scene, when the same scene is run again, then nothing is told, and drift when its picture is blurred",
    .enabled(if: hasClip && Has.model("yolox-nano"), "needs the test data, ffmpeg and the model yolox-nano"))
  func scores() throws {
    let space = try Workspace()
    try film(space, "usual.mp4", "fps=2,scale=384:216", seconds: 139)
    try film(space, "other.mp4", "gblur=sigma=12,fps=2,scale=384:216", seconds: 139)
    let file = try space.pipeline(
      """
      { "id": "door", "type": "source.ffmpeg", "config": { "streams": [{ "id": "door", "url": "${CLIP}" }] } },
      { "id": "scale", "type": "preprocess.letterbox", "after": ["door"], "config": { "for": ["objects"] } },
      { "id": "objects", "type": "detect.yolo", "after": ["scale"], "config": { "model": "yolox-nano" } },
      { "id": "drift", "type": "monitor.scores", "after": ["objects"], "config": { "baseline": "baseline.json",
        "everyMs": 0, "windowS": 120, "limit": 0.5, "minDetections": 50 } },
      { "id": "events", "type": "sink.jsonl", "after": ["drift"], "config": { "path": "out.jsonl", "frames": "events" } }
      """)
    func run(_ clip: String) throws -> [Told] {
      let result = try Command.run(
        ["run", file, "--report", "report.json"], in: space.folder, environment: ["CLIP": clip])
      #expect(result.status == 0, "\(result.errors)")
      let told = try faults(space, "out.jsonl").map(\.told)
      // A file without a line has none that is wrong.
      if ResultSchema.isAvailable, !told.isEmpty {
        #expect(try ResultSchema.problems(inFile: space.path("out.jsonl")) == [])
      }
      return told
    }
    #expect(try run("usual.mp4") == [])
    let baseline = try Data(contentsOf: URL(fileURLWithPath: space.path("baseline.json")))
    #expect(try run("usual.mp4") == [])
    let stages = try #require(try space.report()["stages"] as? [String: [String: Any]])
    let facts = try #require(stages["drift"]?["facts"] as? [String: Any])
    let compared = try #require((facts["streams"] as? [String: [String: Any]])?["door"])
    #expect(compared["psi_count"] != nil && compared["psi_size"] != nil, "\(compared)")
    #expect(try run("other.mp4") == [Told(kind: "fault", fault: "drift")])
    #expect(try Data(contentsOf: URL(fileURLWithPath: space.path("baseline.json"))) == baseline)
  }
}
