import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: sinks for evaluation with others' tools")
struct EvaluationSinkTests {
  private let space: Workspace
  init() throws { space = try Workspace() }

  private func pipeline(frames: Int, _ sinks: String) throws -> String {
    try space.pipeline(
      """
      { "id": "in", "type": "source.synthetic", "config": { "streams": 2, "frames": \(frames), "live": false } },
      { "id": "found", "type": "detect.null", "after": ["in"] },
      { "id": "tracks", "type": "track.sort", "after": ["found"] },
      \(sinks)
      """)
  }

  private func sink(_ id: String, _ type: String, _ config: String) -> String {
    #"{ "id": "\#(id)", "type": "sink.\#(type)", "after": ["tracks"], "config": { \#(config) } }"#
  }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: space.folder.path).sorted()
  }

  @Test("given all three, when run, then each leaves its files and nothing else")
  func files() throws {
    let file = try pipeline(
      frames: 12,
      [
        sink("table", "csv", #""path": "out/table.csv""#), sink("coco", "coco", #""path": "out/coco.json""#),
        sink("mot", "mot", #""path": "out/{stream}.txt""#), sink("lines", "jsonl", #""path": "out/lines.jsonl""#),
      ].joined(separator: ",\n"))
    let result = try Command.run(["run", file, "--quiet", "--report", "report.json"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: space.path("out")).sorted() == [
        "coco.json", "in-1.txt", "in-2.txt", "lines.jsonl", "table.csv",
      ])
    let coco = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: space.path("out/coco.json"))))
        as? [String: [[String: Any]]])
    #expect(coco["images"]?.count == 24 && coco["annotations"]?.isEmpty == true)
    if ResultSchema.isAvailable { #expect(try ResultSchema.problems(inFile: space.path("out/lines.jsonl")) == []) }
    let stages = try space.report()["stages"] as? [String: [String: Any]]
    #expect((stages?["coco"]?["facts"] as? [String: Any])?["images"] as? Int == 24)
  }

  @Test("given a dataset that is being written, when the run is killed, then the old one is there, and the next run's")
  func killed() throws {
    try "old".write(toFile: space.path("coco.json"), atomically: false, encoding: .utf8)
    let sinks = sink("coco", "coco", #""path": "coco.json""#) + ",\n" + sink("lines", "jsonl", #""path": "-""#)
    let running = try Command.Running(
      ["run", pipeline(frames: 10_000_000, sinks), "--quiet"], in: space.folder)
    let read = running.read(lines: 3000)
    running.signal(SIGKILL)
    _ = try running.finish(alreadyRead: read)
    #expect(try String(contentsOfFile: space.path("coco.json"), encoding: .utf8) == "old")
    #expect(try names() == [".coco.json.part", "coco.json", "pipeline.json"])
    let result = try Command.run(
      ["run", pipeline(frames: 3, sinks), "--quiet"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try names() == ["coco.json", "pipeline.json"])
    let text = try String(contentsOfFile: space.path("coco.json"), encoding: .utf8)
    #expect(text.hasPrefix("{\"annotations\":[") && text.hasSuffix("]}\n"))
  }

  @Test(
    "given a full disk, when run, then the run ends with 74 and says so",
    .enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"),
    arguments: ["csv", "coco"])
  func fullDisk(type: String) throws {
    let file = try pipeline(frames: 3, sink("out", type, #""path": "/dev/full""#))
    let result = try Command.run(["run", file, "--quiet"], in: space.folder)
    #expect(result.status == 74 && result.errors.contains("No space left"), "\(result.status) \(result.errors)")
  }

  @Test("given labels that nobody finds, two kinds for one table and one file for two sinks, when validated, then 78")
  func mistakes() throws {
    for (config, words) in [
      (sink("out", "csv", #""path": "a", "what": ["frames", "events"]"#), "what"),
      (sink("out", "csv", #""path": "a""#) + "," + sink("more", "coco", #""path": "a""#), "'out'"),
      (sink("out", "coco", #""path": "a", "zones": ["door"]"#), "zones"),
    ] {
      let result = try Command.run(["validate", pipeline(frames: 3, config)], in: space.folder)
      #expect(result.status == 78 && result.errors.contains(words), "\(result.status) \(result.errors)")
    }
    let missing = try Command.run(
      ["validate", pipeline(frames: 3, sink("out", "coco", #""path": "a", "truth": "no.json""#))], in: space.folder)
    #expect(missing.status == 66 || missing.status == 78, "\(missing.status) \(missing.errors)")
    #expect(missing.errors.contains("no.json"))
  }

  private struct Reading: Decodable {
    struct Annotation: Decodable { var score: Double }
    var annotations: [Annotation]
    var ap50: Double
  }

  private static let pictures = TestData.file("data/coco50")

  @Test(
    "given pictures with ground truth, when pycocotools evaluates the results, then its figure is that of models eval",
    .enabled(
      if: pictures != nil && TestData.python != nil && Has.model("yolox-nano"),
      "needs the test data, .deps/python and the model yolox-nano"))
  func accuracy() throws {
    let data = try #require(Self.pictures).path
    let file = try space.pipeline(
      """
      { "id": "in", "type": "source.ffmpeg", "config": { "url": "\(data)/images" } },
      { "id": "scale", "type": "preprocess.letterbox", "after": ["in"] },
      { "id": "objects", "type": "detect.yolo", "after": ["scale"], "config": {
        "model": "yolox-nano", "shape": [416, 416], "score": 0.05, "iou": 0.65 } },
      { "id": "coco", "type": "sink.coco", "after": ["objects"], "config": {
        "path": "found.json", "truth": "\(data)/instances.json" } }
      """)
    let run = try Command.run(["run", file, "--quiet", "--report", "report.json"], in: space.folder)
    #expect(run.status == 0, "\(run.errors)")
    let script = TestData.packageRoot.appendingPathComponent("Tests/StagesTests/Golden/read_coco.py").path
    let result = try TestData.run(
      try #require(TestData.python), [script, "results", data + "/instances.json", space.path("found.json")])
    try #require(result.status == 0)
    let read = try JSONDecoder().decode(Reading.self, from: result.output)
    let eval = try Command.run(
      [
        "models", "eval", "yolox-nano", "--images", data + "/images", "--coco", data + "/instances.json", "--shape",
        "416x416", "--score", "0.05", "--iou", "0.65", "--json",
      ], in: space.folder)
    #expect(eval.status == 0, "\(eval.errors)")
    let root = try #require(try JSONSerialization.jsonObject(with: Data(eval.output.utf8)) as? [String: Any])
    let expected = try #require((root["figures"] as? [String: Any])?["ap50"] as? Double)
    // Scores and boxes are rounded in the file, which may exchange two detections with nearly the same score.
    #expect(expected > 0.2 && abs(read.ap50 - expected) < 0.005, "\(read.ap50) \(expected)")
    let facts = (try space.report()["stages"] as? [String: [String: Any]])?["coco"]?["facts"] as? [String: Any]
    #expect(facts?["images"] as? Int == 50 && facts?["annotations"] as? Int == read.annotations.count)
    #expect(facts?["unknown_images"] as? Int == 0 && facts?["unknown_labels"] as? Int == 0)
  }
}
