@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Pipeline
@testable import Stages

/// With figures that were computed by hand.
@Suite("monitor.scores: results of an earlier run as the baseline")
struct RecordedResultsTests {
  private let folder: URL
  private var path: String { folder.path + "/events.jsonl" }

  init() throws { folder = try TestData.temporaryFolder("results") }

  /// A frame as `sink.jsonl` writes it: each detection has a tenth of the picture's sides.
  private func line(_ seconds: Double, _ labels: [String], stream: String = "camera", predicted: Bool = false) throws
    -> String
  {
    let detections = labels.map { label in
      var detection = SinkFixture.detection(label, x: 5, y: 5, width: 64, height: 36, score: 0.55)
      detection.isPredicted = predicted
      return detection
    }
    let frame = SinkFixture.frame(
      Int(seconds * 10), stream: stream, seconds: seconds, width: 640, height: 360,
      results: [StageResults(stage: "objects", detections: detections)])
    var buffer = JSONLineBuffer()
    #expect(buffer.frameLine(frame, latencyNanoseconds: 0) == 0)
    return String(decoding: buffer.bytes, as: UTF8.self)
  }

  private func write(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }

  @Test("given lines of every kind, when read, then one frame each second counts, without what nobody looked at")
  func counts() throws {
    var text = #"{"type":"health","v":1,"stream":"camera","state":"streaming"}"# + "\n"
    // Two frames a second, of which the first counts: three with a person, one empty.
    text += try line(0, ["person"]) + line(0.5, ["zebra"]) + line(1, ["person"]) + line(1.5, ["zebra"])
    text += #"{"type":"event","v":1,"kind":"zone.enter","stream":"camera"}"# + "\n\n"
    // A predicted box, whose second is the next frame's.
    text += try line(2, ["person"], predicted: true) + line(2.5, ["person", "car"]) + line(3.5, [])
    text += try line(0, ["person"], stream: "door")
    // Another run was added to the file.
    text += try line(0.1, ["person"])
    // And was killed.
    text += try String(line(1.1, ["person"]).dropLast(20))
    try write(text)
    #expect(try RecordedResults.isThere(path))
    let results = try RecordedResults(reading: path, everyMs: 1000)
    #expect(results.frames == 9 && results.tallies.map(\.stream) == ["camera", "door"])
    let tally = try #require(results.tallies.first?.tally)
    #expect(tally.frames == 5 && tally.labels == ["person": 4, "car": 1] && tally.isSound)
    #expect(tally.counts == [1, 3, 1, 0, 0, 0, 0, 0])
    #expect(tally.scores == [0, 0, 0, 0, 0, 5, 0, 0, 0, 0])
    // A side of a tenth is in the sixth bin.
    #expect(tally.sizes == [0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0])
  }

  @Test("given what is no line of results, when read, then it is refused with its number")
  func damaged() throws {
    try write(line(0, ["person"]) + "{\"type\":\"frame\"}\n" + line(1, ["person"]))
    let error = try #require(throws: PipelineError.self) { try RecordedResults(reading: path, everyMs: 0) }
    #expect(error.message.contains("line 2 of the baseline") && error.code == .malformed)
    try write(#"{"type":"event","v":1,"kind":"zone.enter"}"# + "\n")
    #expect(throws: PipelineError.self) { try RecordedResults(reading: path, everyMs: 0) }
    try write("{\n  \"streams\" : {}\n}\n")
    #expect(try !RecordedResults.isThere(path), "that is a baseline of the stage's own")
  }

  @Test(
    "given results with 300 people and 100 cars, when there are as many of both, then the index is 0.273, and drift is told"
  )
  func index() throws {
    try write((0..<400).map { try line(Double($0), [$0 % 4 < 3 ? "person" : "car"]) }.joined())
    let text = try String(contentsOfFile: path, encoding: .utf8)
    var configuration = ScoreMonitor.Configuration()
    (configuration.baseline, configuration.windowS) = (path, 480)
    let monitor = try ScoreMonitor(configuration, context: SinkFixture.context("drift"))
    #expect(monitor.files(for: []) == [.reads(path, as: "the baseline of 'drift'")])
    let worker = try monitor.makeWorker(WorkerContext(index: 0, workerCount: 1))
    var events: [FrameEvent] = []
    for second in 0...480 {
      let detection = SinkFixture.detection(
        second % 2 == 0 ? "person" : "car", x: 5, y: 5, width: 64, height: 36, score: 0.55)
      let frame = SinkFixture.frame(
        second, stream: "camera", seconds: Double(second), width: 640, height: 360,
        results: [StageResults(stage: "objects", detections: [detection])])
      guard case .emit(let result) = try worker.process(frame) else { continue }
      events += result.events
    }
    try worker.finish()
    let fault = try #require(events.first),
      fields = Dictionary(uniqueKeysWithValues: fault.fields.map { ($0.key, $0.value) })
    guard events.count == 1, fault.kind == "fault", fields["fault"] == .string("drift"),
      case .object(let figures)? = fields["figures"]
    else {
      Issue.record("\(events)")
      return
    }
    // Half a case more for each of the two labels: (240.5/481 - 300.5/401) ln((240.5/481) / (300.5/401))
    // + (240.5/481 - 100.5/401) ln((240.5/481) / (100.5/401)).
    guard case .double(let label)? = figures["psi_label"], case .double(let score)? = figures["psi_score"] else {
      Issue.record("\(figures)")
      return
    }
    #expect(abs(label - 0.2731) < 0.0006 && score == 0, "\(figures)")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text, "results are only read")
  }

  @Test("given results with too little of a stream, when watched, then it learns, and the results stay as they are")
  func few() throws {
    try write((0..<50).map { try line(Double($0), ["person"]) }.joined())
    let text = try String(contentsOfFile: path, encoding: .utf8)
    var configuration = ScoreMonitor.Configuration()
    (configuration.baseline, configuration.minDetections, configuration.everyMs) = (path, 60, 0)
    let monitor = try ScoreMonitor(configuration, context: SinkFixture.context("drift"))
    let worker = try monitor.makeWorker(WorkerContext(index: 0, workerCount: 1))
    #expect(monitor.facts["baselines"] == .list([]))
    for index in 0..<80 {
      _ = try worker.process(
        SinkFixture.frame(
          index, results: [StageResults(stage: "objects", detections: [SinkFixture.detection(x: 0, y: 0)])]))
    }
    try worker.finish()
    #expect(monitor.facts["baselines"] == .list([.string("camera")]))
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
  }

  @Test("given the name of results that are not there, when checked, then it is refused")
  func missing() throws {
    var configuration = ScoreMonitor.Configuration()
    configuration.baseline = path
    #expect(throws: PipelineError.self) { try ScoreMonitor(configuration, context: SinkFixture.context("drift")) }
  }
}
