import Foundation
import Testing

@testable import EdgepipeCore
@testable import Measure
@testable import Pipeline
@testable import Stages

@Suite("Pipelines that are compared")
struct ComparedPipelineTests {
  private func config(_ text: String, sets: [String] = []) throws -> PipelineConfig {
    try PipelineConfig.load(
      text: text, file: "test.json", registry: .builtin, overrides: PipelineOverrides(sets: sets))
  }

  private let text = """
    { "version": 1, "name": "t", "stages": [
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "a.mp4", "maxFrames": 30 } },
      { "id": "other", "type": "source.synthetic" },
      { "id": "scale", "type": "preprocess.letterbox", "after": ["camera"] },
      { "id": "objects", "type": "detect.yolo", "after": ["scale"],
        "config": { "model": "m", "score": 0.4, "classes": ["car"] } },
      { "id": "lines", "type": "sink.jsonl", "after": ["objects", "other"], "config": { "path": "a.jsonl" } }
    ] }
    """

  @Test("given a pipeline, when it is limited and its sinks are replaced, then only that is overridden")
  func overrides() throws {
    let whole = try config(text)
    #expect(whole.limited(toFrames: 50) == ["camera.maxFrames=30", "other.frames=50"])
    #expect(whole.withoutSinks == ["lines.type=sink.null", "lines.config={}"])
    #expect(whole.detectors.map(\.id) == ["objects"])
    let changed = try config(text, sets: whole.limited(toFrames: 5) + whole.withoutSinks)
    #expect(changed[stage: "lines"]?.type == "sink.null")
    #expect(changed[stage: "camera"]?.config["maxFrames"]?.integer == 5)
  }

  @Test("given a detector, when asked for its limit of scores, then it is the pipeline's, else the stage's own")
  func scores() throws {
    #expect(try config(text).scores == ["objects": 0.4])
    let standard = StageRegistry.builtin["detect.yolo"]?.schema.properties.first { $0.name == "score" }?.defaultJSON
    let bare = try config(text.replacingOccurrences(of: #""score": 0.4, "#, with: ""))
    #expect(bare.scores == ["objects": try #require(standard.flatMap { Double($0) })])
  }

  @Test("given models and no pipeline, when one is made, then it is a good one with the model in its detector")
  func model() throws {
    let made = try config(ModelPipeline.text(findsFaces: true, model: #"a "b""#))
    let stage = try #require(made[stage: ModelPipeline.detector])
    #expect(stage.type == "detect.face")
    #expect(stage.config["model"]?.string == #"a "b""#)
    #expect(made.detectors.map(\.id) == [ModelPipeline.detector])
  }

  @Test("given runs of other pictures, when their findings are compared, then the picture is named")
  func otherPictures() throws {
    func found(_ source: String) throws -> RecordedFrames {
      try RecordedFrames(files: [
        Data(#"{"type":"frame","stream":"s","frame":0,"source":"\#(source)","detections":[]}"#.utf8)
      ])
    }
    let same = try Findings(Both(a: found("1.jpg"), b: found("1.jpg")))
    #expect(same.accuracy == nil)
    let error = #expect(throws: PipelineError.self) { try Findings(Both(a: found("1.jpg"), b: found("2.jpg"))) }
    #expect(error?.exit == .usage)
    #expect(error?.message.contains("'1.jpg'") == true)
  }
}
