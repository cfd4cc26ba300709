import BrightnessAlarm
import EdgepipeCore
import Foundation
import Pipeline
import PipelineTesting
import Stages
import Testing

@Suite("The brightness alarm") struct BrightnessAlarmTests {
  @Test("given a picture that becomes dark and bright again, when processed, then each change is one event")
  func changes() throws {
    let alarm = try SingleStage(BrightnessAlarm.self)
    let shades: [UInt8] = [200, 200, 20, 20, 80, 200, 200]
    let events = try shades.enumerated().flatMap { sequence, shade in
      try alarm.emitted(alarm.frame(sequence, image: GrayPicture(width: 64, height: 48, value: shade))).events
        .map { "\(sequence) \($0.kind)" }
    }
    #expect(events == ["2 brightness.dark", "5 brightness.bright"])
    #expect(alarm.stage.facts["changes"] == .int(2))
  }

  @Test("given a grey picture, when the limits change between two frames, then it counts as dark from there on")
  func changedOptions() throws {
    let alarm = try SingleStage(BrightnessAlarm.self)
    let events = try (0..<4).flatMap { sequence in
      if sequence == 2 { try alarm.change(["dark": .double(0.6), "bright": .double(0.7)]) }
      return try alarm.emitted(alarm.frame(sequence, image: GrayPicture(width: 64, height: 48, value: 128))).events
        .map { "\(sequence) \($0.kind)" }
    }
    #expect(events == ["2 brightness.dark"])
    #expect(throws: PipelineError.self) { try alarm.change(["dark": .double(0.9)]) }
  }

  @Test("given limits that contradict each other, when made, then the error says what to do")
  func limits() throws {
    var configuration = BrightnessAlarm.Configuration()
    configuration.dark = 0.9
    let error = #expect(throws: PipelineError.self) { try SingleStage(BrightnessAlarm.self, configuration) }
    #expect(error?.code == .invalidConfiguration && error?.remedy != nil)
    configuration.dark = 2
    #expect(throws: ConfigErrors.self) { try SingleStage(BrightnessAlarm.self, configuration) }
  }

  /// A sample that `samples/make` makes.
  static let clip = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../../samples/street-1080p.mp4")
    .standardizedFileURL.path

  @Test(
    "given a pipeline that is built in code, when run on a video, then its frames come to the end",
    .enabled(if: FileManager.default.fileExists(atPath: clip), "needs the samples: samples/make"))
  func pipeline() throws {
    var source = FFmpegSource.Configuration(url: Self.clip)
    source.maxFrames = 20
    let plan = try PipelinePlan(
      name: "light",
      stages: [
        .init("camera", FFmpegSource.self, source),
        .init("light", BrightnessAlarm.self, after: ["camera"]),
        .init("end", NullSink.self, after: ["light"]),
      ])
    let runner = try PipelineRunner(plan)
    try runner.run()
    #expect(runner.ledger.total.delivered == 20)
  }
}
