@testable import EdgepipeCore
import PipelineTestSupport
import PipelineTesting
import Testing

@testable import Pipeline
@testable import Stages

@Suite("requires: anonymized, in a pipeline file")
struct AnonymizeGraphTests {
  /// What is wrong with a file of a camera, a stage that hides its upper half, and these stages.
  private static func errors(_ stages: String) throws -> [PipelineError] {
    let config = try PipelineConfig.load(
      text: """
        { "version": 1, "stages": [
          { "id": "camera", "type": "source.ffmpeg", "config": { "url": "rtsp://camera/1" } },
          { "id": "hide", "type": "privacy.anonymize", "after": ["camera"], "config": { "classes": [], "units": "relative",
            "areas": [{ "name": "above", "points": [[0, 0], [1, 0], [1, 0.5], [0, 0.5]] }] } },
          \(stages) ] }
        """, file: "t.json", registry: .builtin)
    do {
      _ = try PipelineRunner(PipelinePlan(config, registry: .builtin), logger: LogLines().logger())
      return []
    } catch let errors as StageBuildErrors { return errors.errors }
  }

  private static let video = #""type": "sink.video", "requires": "anonymized", "config": { "path": "out/v.mp4" }"#

  @Test("given a video behind the stage, when it requires it, then the file is right; before it, it is refused")
  func video() throws {
    #expect(try Self.errors(#"{ "id": "video", "after": ["hide"], \#(Self.video) }"#).isEmpty)
    let before = try Self.errors(
      #"{ "id": "video", "after": ["camera"], \#(Self.video) }, { "id": "out", "type": "sink.null", "after": ["hide"] }"#
    )
    #expect(before.map(\.stage) == ["video"])
    #expect(before.first?.message.hasSuffix("nothing is hidden in them: camera -> video") == true)
  }

  @Test(
    "given sinks that copy packets, when they require it, then they are refused, with another way to record",
    arguments: ["sink.record", "sink.clip"])
  func packets(type: String) throws {
    let errors = try Self.errors(
      #"{ "id": "tape", "type": "\#(type)", "after": ["hide"], "requires": "anonymized", "config": { "folder": "out/t" } }"#
    )
    #expect(errors.first?.message.hasPrefix("'tape' requires anonymized pictures, but \(type) copies") == true)
    #expect(errors.first?.remedy == "record with a sink.video after 'hide'")
  }

  @Test("given a word that is not known, when the file is read, then it is refused at its place")
  func words() {
    let error = #expect(throws: ConfigErrors.self) {
      try Self.errors(
        #"{ "id": "out", "type": "sink.null", "after": ["hide"], "requires": "anonymised" }"#)
    }
    #expect(error?.issues.first?.path == "stages[2].requires")
  }

  @Test("given a plan in code, when it is written as a file, then the requirement is in it")
  func written() throws {
    var video = try PipelinePlan.StagePlan("video", VideoSink.self, .init(path: "out/v.mp4"), after: ["hide"])
    video.requirements = [.anonymized]
    #expect(PipelinePlan(name: "t", stages: [video]).json.contains(#""requires": "anonymized""#))
  }
}
