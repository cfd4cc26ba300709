@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Pipeline
@testable import Stages

@Suite("monitor.scores")
struct ScoreMonitorTests {
  /// What a model finds in a scene, by chance.
  private struct Scene {
    var score = 0.7
    var people = 0.8
    var side = 60.0
    var most = 4
  }

  /// Feeds a stage one frame a second.
  private final class Feed {
    let monitor: ScoreMonitor
    private let worker: any FrameWorker
    private var random: SinkFixture.Random
    private var second = 0
    private(set) var told: [String] = []
    private(set) var events: [FrameEvent] = []

    init(seed: UInt64 = 1, _ change: (inout ScoreMonitor.Configuration) -> Void = { _ in }) throws {
      var configuration = ScoreMonitor.Configuration()
      (configuration.learnMinutes, configuration.windowS) = (30, 1200)
      change(&configuration)
      monitor = try ScoreMonitor(configuration, context: SinkFixture.context("drift"))
      worker = try monitor.makeWorker(WorkerContext(index: 0, workerCount: 1))
      random = SinkFixture.Random(seed: seed)
    }

    func run(_ scene: Scene, minutes: Int, stream: String = "camera") throws {
      for _ in 0..<(minutes * 60) {
        let count = Int.random(in: 0...scene.most, using: &random)
        let detections = (0..<count).map { _ in
          let side = Float(scene.side * (1 + 0.2 * random.normal()))
          return SinkFixture.detection(
            Double.random(in: 0..<1, using: &random) < scene.people ? "person" : "car", x: 5, y: 5, width: max(1, side),
            height: max(1, side), score: Float(min(0.99, max(0.3, scene.score + 0.1 * random.normal()))))
        }
        try feed(detections, stream: stream)
      }
    }

    func feed(_ detections: [Detection], stream: String = "camera") throws {
      let frame = SinkFixture.frame(
        second, stream: stream, seconds: Double(second), width: 640, height: 360,
        results: [StageResults(stage: "objects", detections: detections)])
      second += 1
      guard case .emit(let result) = try worker.process(frame) else { return }
      for event in result.events {
        guard case .string(let fault)? = event.fields.first(where: { $0.key == "fault" })?.value else { continue }
        told.append("\(event.kind) \(fault)")
        events.append(event)
      }
    }

    func finish() throws { try worker.finish() }
  }

  @Test(
    "given a scene that stays the same, when watched for a day, then nothing is told",
    arguments: 1...5 as ClosedRange<UInt64>)
  func noDrift(seed: UInt64) throws {
    let feed = try Feed(seed: seed)
    try feed.run(Scene(), minutes: 300)
    #expect(feed.told == [])
  }

  @Test(
    "given a scene that changes in one way, when watched, then drift is told once with that figure above its limit, and its end",
    arguments: ["psi_size", "psi_label", "psi_count"])
  func drift(figure: String) throws {
    let feed = try Feed()
    try feed.run(Scene(), minutes: 60)
    var changed = Scene()
    switch figure {
    case "psi_size": changed.side = 120
    case "psi_label": changed.people = 0.3
    default: changed.most = 12
    }
    try feed.run(changed, minutes: 60)
    #expect(feed.told == ["fault drift"])
    let fields = Dictionary(feed.events[0].fields.map { ($0.key, $0.value) }, uniquingKeysWith: { a, _ in a })
    guard case .object(let figures)? = fields["figures"], case .object(let limits)? = fields["limit"],
      case .double(let value)? = figures[figure], case .double(let limit)? = limits[figure]
    else {
      Issue.record("no figures: \(fields)")
      return
    }
    #expect(value >= limit && limit == 0.25)
    try feed.run(Scene(), minutes: 60)
    #expect(feed.told == ["fault drift", "recovered drift"])
  }

  @Test("given scores that fall, when watched, then the confidence is told as well, sooner than the window is over")
  func confidence() throws {
    let feed = try Feed()
    try feed.run(Scene(), minutes: 60)
    try feed.run(Scene(score: 0.5), minutes: 9)
    #expect(feed.told.contains("fault confidence"))
    try feed.run(Scene(), minutes: 60)
    #expect(Set(feed.told) == ["fault confidence", "recovered confidence", "fault drift", "recovered drift"])
    #expect(feed.told.count == 4)
  }

  @Test("given inputs that the baseline has never seen, when they are one in ten, then drift is told by their share")
  func unseen() throws {
    let feed = try Feed { $0.limit = 10 }
    try feed.run(Scene(people: 1), minutes: 60)
    try feed.run(Scene(people: 0.9), minutes: 60)
    #expect(feed.told == ["fault drift"])
    #expect(feed.events.first?.fields.contains { $0.key == "message" && "\($0.value)".contains("unlike any") } == true)
  }

  @Test("given few detections, when they differ from the baseline, then nothing is told")
  func few() throws {
    let feed = try Feed()
    try feed.run(Scene(), minutes: 60)
    // Two an hour, all of them strange; how many there are in a frame is another matter.
    for second in 0..<3600 {
      try feed.feed(second % 1800 == 0 ? [SinkFixture.detection("zebra", x: 0, y: 0, score: 0.31)] : [])
    }
    guard case .object(let streams)? = feed.monitor.facts["streams"], case .object(let compared)? = streams["camera"]
    else {
      Issue.record("nothing was compared: \(feed.monitor.facts)")
      return
    }
    #expect(compared.keys.sorted() == ["psi_count"])
  }

  @Test("given a baseline in a file, when another run reads it, then it judges at once and the file stays as it is")
  func file() throws {
    let folder = try TestData.temporaryFolder("scores")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/baseline.json"
    let first = try Feed { $0.baseline = path }
    try first.run(Scene(), minutes: 40)
    let written = try Data(contentsOf: URL(fileURLWithPath: path))
    // The test's frames of both runs were captured at the same instant, which only a replay's are.
    let text = String(decoding: written, as: UTF8.self).replacing(
      "\"from\" : 1767225600400000000", with: "\"from\" : 1")
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    let second = try Feed(seed: 2) { ($0.baseline, $0.learnMinutes) = (path, 100_000) }
    try second.run(Scene(people: 0.2), minutes: 30)
    try second.finish()
    #expect(second.told == ["fault drift"])
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
  }

  @Test("given a recording that is shorter than the time to learn, when it ends, then what it showed is the baseline")
  func short() throws {
    let folder = try TestData.temporaryFolder("scores")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/baseline.json"
    let feed = try Feed { $0.baseline = path }
    try feed.run(Scene(), minutes: 10)
    try feed.run(Scene(most: 0), minutes: 1, stream: "empty")
    #expect(!FileManager.default.fileExists(atPath: path))
    try feed.finish()
    #expect(try ScoreBaselines(reading: path).streams.keys.sorted() == ["camera"], "an empty scene says too little")
  }

  @Test("given frames that no detector looked at, when watched, then they do not count")
  func notLookedAt() throws {
    let folder = try TestData.temporaryFolder("scores")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/baseline.json"
    var configuration = ScoreMonitor.Configuration()
    (configuration.baseline, configuration.minDetections, configuration.everyMs) = (path, 20, 0)
    let monitor = try ScoreMonitor(configuration, context: SinkFixture.context("drift"))
    let worker = try monitor.makeWorker(WorkerContext(index: 0, workerCount: 1))
    var predicted = SinkFixture.detection(x: 0, y: 0)
    predicted.isPredicted = true
    for index in 0..<90 {
      let results: [StageResults] =
        switch index % 3 {
        case 0: [StageResults(stage: "objects", detections: [SinkFixture.detection(x: 0, y: 0)])]
        case 1: []
        default: [StageResults(stage: "objects", detections: [predicted])]
        }
      _ = try worker.process(SinkFixture.frame(index, results: results))
    }
    try worker.finish()
    let tally = try #require(try ScoreBaselines(reading: path)["camera"]?.tally)
    #expect(tally.frames == 30 && tally.detections == 30)
  }
}
