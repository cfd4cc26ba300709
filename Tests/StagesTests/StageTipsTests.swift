import Detectors
import Foundation
import PipelineTestSupport
import PipelineTesting
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

@Suite("What stages know of themselves")
struct StageTipsTests {
  private func settings<S: FrameStage>(_ stage: SingleStage<S>) -> [String] { stage.stage.tips.compactMap(\.setting) }

  @Test("given a source, when asked for tips, then those that its configuration follows already are left out")
  func source() throws {
    func tips(_ change: (inout FFmpegSource.Configuration) -> Void = { _ in }) throws -> [StageTip] {
      var configuration = FFmpegSource.Configuration(url: "a.mp4")
      change(&configuration)
      return try FFmpegSource(configuration, context: SinkFixture.context("camera")).tips
    }
    #expect(
      try tips().compactMap(\.setting) == ["threads=2", "skip.loopFilter=nonReference", "skip.frames=nonReference"])
    #expect(try tips().first?.condition == .freeCores)
    let other = try tips {
      $0.threads = 4
      $0.realtime = true
      $0.skip.frames = .nonKey
    }
    #expect(other.compactMap(\.setting) == ["skip.loopFilter=nonReference", "realtime=false"])
    #expect(other.last?.purposes == [.pace])
  }

  @Test("given sinks and trackers, when asked for tips, then they name their own options")
  func others() throws {
    var video = VideoSink.Configuration(path: "a.mp4")
    #expect(try settings(SingleStage(VideoSink.self, video)) == ["threads=2"])
    (video.preset, video.height) = ("medium", 480)
    let tips = try SingleStage(VideoSink.self, video, id: "video").stage.tips
    #expect(tips.compactMap(\.setting) == ["preset=ultrafast", "threads=2"])
    #expect(tips.last?.remark == "a lower video.height: now 480")
    #expect(try settings(SingleStage(JSONLinesSink.self, .init(path: "-"))) == ["frames=events"])
    #expect(try SingleStage(SortStage.self).stage.tips == SingleStage(ByteTrackStage.self).stage.tips)
  }

  @Test(
    "given a detector between scaling and tracking, when its pipeline is made, then its tips know both and its input",
    .enabled(if: TestData.model("yolox_nano.onnx") != nil, "needs models/ of the test data"))
  func detector() throws {
    var detector = DetectorSettings(model: try #require(TestData.model("yolox_nano.onnx")).path)
    func tips(twice: Bool = false, tracked: Bool) throws -> [StageTip] {
      var stages = try [
        .source("in", count: 0), .init("scale", Letterbox.self, after: ["in"]),
        .init("objects", DetectYOLO.self, .init(detector), after: ["scale"]),
        PipelinePlan.StagePlan.sink("out", after: ["objects"], into: Collector()),
      ]
      if twice { stages.insert(try .init("more", DetectYOLO.self, .init(detector), after: ["objects"]), at: 3) }
      if tracked { stages.append(try .init("tracks", SortStage.self, after: ["objects"])) }
      let runner = try PipelineRunner(PipelinePlan(name: "t", stages: stages), services: .standard())
      return try #require(runner.snapshot(withFacts: true).stages.first { $0.id == "objects" }).tips
    }
    let interval = try #require(try tips(tracked: true).first { $0.setting == "interval=2" })
    #expect(interval.work == 0.5 && interval.alsoSpares == ["scale"])
    #expect(interval.remark == "the tracker predicts in between")
    let untracked = try #require(try tips(twice: true, tracked: false).first { $0.setting == "interval=2" })
    #expect(untracked.alsoSpares.isEmpty && untracked.remark.contains("have no boxes"))
    detector.shape = .square
    detector.gate.interval = 3
    let square = try tips(tracked: false)
    #expect(square.contains { $0.setting == "shape=auto" && $0.purposes == [.throughput, .latency] })
    #expect(square.first { $0.setting == "interval=4" }?.work == 0.75)
    #expect(square.contains { $0.condition == .int8DotProduct })
  }

  @Test("given the built-in stages, when asked for options by meaning, then commands find what they set")
  func meanings() throws {
    func names(_ meaning: OptionMeaning) -> [String] {
      StageRegistry.builtin.all.flatMap { stage in
        stage.schema.properties.filter { $0.meaning == meaning }.map { "\(stage.type).\($0.name)" }
      }
    }
    #expect(names(.frameLimit) == ["source.ffmpeg.maxFrames", "source.synthetic.frames"])
    #expect(names(.address) == ["source.ffmpeg.url"])
    #expect(names(.objectModel) == ["detect.yolo.model"])
    #expect(names(.faceModel) == ["detect.face.model"])
    #expect(names(.score) == ["detect.face.score", "detect.yolo.score"])
    #expect(names(.classes) == ["detect.yolo.classes"])
  }
}
