import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: run, with a cascade of two detectors")
struct CascadeCommandTests {
  private static let film = TestData.file("data/video/car-detection.mp4")
  private static let model = TestData.model("yolox_nano.onnx")
  private static let isReady = film != nil && model != nil && TestData.onnxRuntimeLibrary != nil

  private let space: Workspace

  init() throws { space = try Workspace() }

  private func pipeline(_ cascade: String, name: String = "pipeline.json", large: String = "[256, 416]") throws
    -> String
  {
    let model = try #require(Self.model).path, film = try #require(Self.film).path
    return try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "\(film)", "maxFrames": 120 } },
      { "id": "scale", "type": "preprocess.letterbox", "after": ["camera"] },
      { "id": "small", "type": "detect.yolo", "after": ["scale"], "config": { "model": "\(model)", "shape": [96, 160] } },
      { "id": "closer", "type": "preprocess.letterbox", "after": ["small"] },
      { "id": "large", "type": "detect.yolo", "after": ["closer"],
        "config": { "model": "\(model)", "shape": \(large), "cascade": { "of": "small", \(cascade) } } },
      { "id": "tracks", "type": "track.sort", "after": ["large"] },
      { "id": "lines", "type": "sink.jsonl", "after": ["tracks"], "config": { "path": "lines.jsonl" } }
      """)
  }

  private func fact(_ report: String = "report.json") throws -> [String: Any] {
    let stages = try #require(try space.report(report)["stages"] as? [String: [String: Any]])
    let facts = try #require(stages["large"]?["facts"] as? [String: Any])
    return try #require(facts["cascade"] as? [String: Any])
  }

  @Test(
    "given a share, when a film runs, then at most that much is looked at again, and a replay says the same",
    .enabled(if: isReady, "needs models/ and data/video of the test data, and ONNX Runtime"),
    arguments: ["frame", "crops"])
  func share(send: String) throws {
    let file = try pipeline(#""share": 0.3, "send": "\#(send)""#)
    let result = try Command.run(["run", file, "--record", "run.trace", "--report", "report.json"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let fact = try fact()
    let sent = try #require(fact["sent"] as? Int), asked = try #require(fact["asked"] as? Int)
    #expect(asked == 120 && sent > 12 && sent <= 36, "\(fact)")
    #expect(try #require(fact["share_sent"] as? Double) <= 0.3 && fact["send"] as? String == send)
    if send == "crops" { #expect(try #require(fact["crops"] as? Int) >= sent) }
    let lines = try space.lines("lines.jsonl").filter { $0["type"] as? String == "frame" }
    #expect(lines.count == 120)
    let found = lines.flatMap { $0["detections"] as? [[String: Any]] ?? [] }
    #expect(found.allSatisfy { $0["stage"] as? String == "small" })
    #expect(found.contains { $0["found_by"] as? String == "large" } && found.contains { $0["found_by"] == nil })

    let then = try Data(contentsOf: URL(fileURLWithPath: space.path("lines.jsonl")))
    let again = try Command.run(
      ["replay", "run.trace", "--set", "lines.path=now.jsonl", "--report", "now.json"], in: space.folder)
    #expect(again.status == 0, "\(again.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: space.path("now.jsonl"))) == then)
    #expect(NSDictionary(dictionary: try self.fact("now.json")) == NSDictionary(dictionary: fact))
  }

  @Test(
    "given cascades that are wrong or gain nothing, when validated, then the place and the remedy are named",
    .enabled(if: isReady, "needs models/ and data/video of the test data, and ONNX Runtime"))
  func validate() throws {
    var result = try Command.run(["validate", try pipeline(#""share": 0"#)], in: space.folder)
    #expect(result.status == 78 && result.errors.contains("has a share of 0"), "\(result.errors)")
    result = try Command.run(["validate", try pipeline(#""rule": "guess""#)], in: space.folder)
    #expect(result.status == 78 && result.errors.contains("candidates"), "\(result.errors)")
    result = try Command.run(["validate", try pipeline(#""share": 0.4"#, large: "[96, 160]")], in: space.folder)
    #expect(
      result.status == 0 && (result.errors + result.output).contains("at the same shape"),
      "\(result.errors) \(result.output)")
  }
}
