import Detectors
import Foundation
import PipelineTestSupport
import PipelineTesting
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

/// A person whose feet are at (x, y).
private func person(_ track: Int?, _ x: Float, _ y: Float, score: Float = 0.9) -> Detection {
  Detection(
    label: "person", classIndex: 0, score: score, box: Box(x: x - 20, y: y - 100, width: 40, height: 100), track: track)
}

extension SingleStage {
  /// What the stage makes of a frame with these detections.
  fileprivate func show(_ sequence: Int, _ detections: [Detection]) throws -> Frame {
    var frame = frame(sequence)
    frame.attach(StageResults(stage: "objects", detections: detections))
    return try emitted(frame)
  }

  fileprivate func events(_ sequence: Int, _ detections: [Detection]) throws -> [String] {
    try show(sequence, detections).events.map { event in
      ([event.kind, event.text("zone") ?? event.text("line") ?? ""] + [event.text("reason")].compactMap { $0 })
        .joined(separator: " ")
    }
  }
}

@Suite("Stages whose options change while they run")
struct ChangedStageOptionsTests {
  private static func square(_ name: String, _ left: Double) -> ReportValue {
    let (right, bottom) = (left + 10, 48.0)
    let corners = [[left, 0], [right, 0], [right, bottom], [left, bottom]]
    return .object([
      "name": .string(name), "points": .list(corners.map { .list($0.map { .double($0) }) }),
    ])
  }

  @Test("given people in zones, when zones move, go and come, then who is in a zone of the same name stays known")
  func zones() throws {
    var configuration = ZonesStage.Configuration(zones: [
      .init(name: "door", points: [[0, 0], [10, 0], [10, 48], [0, 48]]),
      .init(name: "way", points: [[20, 0], [30, 0], [30, 48], [20, 48]]),
    ])
    configuration.debounceS = 0
    configuration.events = ["enter", "leave"]
    let zones = try SingleStage(ZonesStage.self, configuration)
    #expect(try zones.events(0, [person(1, 5, 20), person(2, 25, 20)]) == ["zone.enter door", "zone.enter way"])
    // The door still holds person 1; the way is gone; the yard is where person 2 stands.
    try zones.change(["zones": .list([Self.square("door", 1), Self.square("yard", 20)])])
    #expect(try zones.events(1, [person(1, 5, 20), person(2, 25, 20)]) == ["zone.leave way reset", "zone.enter yard"])
    try zones.change(["zones": .list([Self.square("door", 40), Self.square("yard", 20)]), "debounceS": .double(0.1)])
    #expect(try zones.events(2, [person(1, 5, 20), person(2, 25, 20)]) == [])
    #expect(try zones.events(5, [person(1, 5, 20), person(2, 25, 20)]) == ["zone.leave door left"])
    try zones.change(["events": .list([.string("occupancy")])])
    #expect(try zones.events(20, [person(1, 5, 20), person(2, 35, 20)]) == [])
    #expect(try zones.events(24, [person(1, 5, 20), person(2, 35, 20)]) == ["zone.occupancy yard"])
    let error = #expect(throws: PipelineError.self) { try zones.change(["zones": .list([])]) }
    #expect(error?.code == .invalidArgument)
    guard case .object(let counts)? = zones.stage.facts["zones"] else { return #expect(Bool(false), "no zones") }
    #expect(Set(counts.keys) == ["door", "way", "yard"])
  }

  @Test("given a line that was crossed, when it moves over somebody, then that is no crossing, and its totals stay")
  func lines() throws {
    func line(_ x: Double) -> ReportValue {
      .object([
        "name": .string("gate"),
        "points": .list([.list([.double(x), .double(48)]), .list([.double(x), .double(0)])]),
      ])
    }
    var configuration = LinesStage.Configuration(lines: [.init(name: "gate", points: [[20, 48], [20, 0]])])
    configuration.minGapS = 0
    let lines = try SingleStage(LinesStage.self, configuration)
    _ = try lines.show(0, [person(1, 10, 20)])
    #expect(try lines.events(1, [person(1, 30, 20)]) == ["line.cross gate"])
    // Rules alone: who is on which side stays known.
    try lines.change(["hysteresis": .double(0.02)])
    #expect(try lines.events(2, [person(1, 10, 20)]) == ["line.cross gate"])
    try lines.change(["lines": .list([line(5)])])
    #expect(try lines.events(3, [person(1, 10, 20)]) == [])
    let crossing = try lines.show(4, [person(1, 1, 20)]).events
    #expect(crossing.map(\.kind) == ["line.cross"])
    #expect(crossing.first?.counts("totals") == ["in": 1, "out": 2])
    guard case .object(let counts)? = lines.stage.facts["lines"], case .object(let gate)? = counts["gate"] else {
      return #expect(Bool(false), "no line")
    }
    #expect(gate["totals"] == .object(["in": .int(1), "out": .int(2)]))
  }

  @Test("given a tracker, when its options change, then tracks go on and the next frame follows the new ones")
  func trackers() throws {
    var configuration = SortStage.Configuration()
    configuration.minHits = 50
    let sort = try SingleStage(SortStage.self, configuration)
    func ids(_ sequence: Int, _ x: Float) throws -> [Int?] {
      try sort.show(sequence, [person(nil, x, 40)]).detections.map(\.track)
    }
    for sequence in 0..<5 { #expect(try ids(sequence, 30) == [nil]) }
    try sort.change(["minHits": .int(2)])
    #expect(try ids(5, 30) == [1])
    try sort.change(["labels": .list([.string("car")])])
    #expect(try ids(6, 30) == [nil])

    let bytes = try SingleStage(ByteTrackStage.self)
    let error = #expect(throws: PipelineError.self) { try bytes.change(["lowScore": .double(0.7)]) }
    #expect(error?.code == .invalidArgument && error?.message.contains("'lowScore'") == true)
    try bytes.change(["lowScore": .double(0.7), "highScore": .double(0.8), "onlyTracked": .bool(true)])
    #expect(try bytes.show(0, [person(nil, 30, 40)]).detections.isEmpty)
  }

  @Test("given snapshots every hour, when the interval becomes 0.2 s, then the next frame and every fifth are written")
  func snapshots() throws {
    let folder = try TestData.temporaryFolder("snapshots")
    defer { try? FileManager.default.removeItem(at: folder) }
    var configuration = SnapshotSink.Configuration(folder: folder.path)
    configuration.everyS = 3600
    let sink = try SingleStage(SnapshotSink.self, configuration)
    let picture = try SinkFixture.picture(width: 64, height: 48)
    for sequence in 0..<21 {
      if sequence == 10 { try sink.change(["everyS": .double(0.2), "quality": .int(20)]) }
      _ = try sink.process(sink.frame(sequence, image: picture))
    }
    try sink.finish()
    #expect(sink.stage.facts["pictures"] == .int(4), "0, 10, 15 and 20")
  }

  @Test(
    "given a results file, when options change, then one event comes before the first frame that they concern",
    arguments: ["all", "events"])
  func resultLines(frames: String) throws {
    let folder = try TestData.temporaryFolder("options")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("r.jsonl").path
    var configuration = JSONLinesSink.Configuration(path: path)
    configuration.frames = frames
    let sink = try SingleStage(JSONLinesSink.self, configuration)
    // The change is another stage's: the sink takes it from the frame.
    let detector = try SingleStage(DetectNull.self, id: "objects")
    for sequence in 0..<4 {
      if sequence == 2 { try detector.change(["busyMs": .double(0.25)]) }
      _ = try sink.process(detector.emitted(detector.frame(sequence)))
    }
    try sink.finish()
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    let event = lines.filter { $0.contains(#""kind":"options""#) }
    #expect(
      event.count == 1
        && event.first?.hasSuffix(
          #""stage":"objects","options":{"busyMs":{"old":0,"new":0.25}}}"#) == true,
      "\(lines)")
    #expect(event.first?.contains(#""stream":"camera","frame":2,"#) == true)
    #expect(lines.count == (frames == "all" ? 5 : 1))
    if frames == "all" { #expect(lines[2].contains(#""type":"event""#) && lines[3].contains(#""frame":2"#)) }
    #expect(sink.stage.facts["events"] == .int(1))
  }

  @Test("given a gate, when its settings change, then an old pause does not delay the new pace")
  func gate() {
    let camera = StreamInfo(id: "cam", sourceStage: "cam", isLive: true)
    var gate = DetectionGate(GateSettings(maxRate: 0.001))
    func opens(_ sequence: Int) -> Bool {
      gate.opens(
        for: FrameHeader(
          stream: camera, sequence: sequence, mediaTime: MediaTime(seconds: Double(sequence) / 30),
          captured: MonotonicTime(nanoseconds: 0), capturedWall: WallTime(nanoseconds: 0), source: "t", width: 64,
          height: 48)
      ) { nil }
    }
    #expect((0..<60).filter(opens) == [0])
    gate.settings = GateSettings(interval: 3)
    #expect((60..<72).filter(opens) == [60, 63, 66, 69])
    gate.settings = GateSettings()
    #expect((72..<75).filter(opens) == [72, 73, 74])
  }

  @Test(
    "given a real detector, when score, classes and interval change, then each frame shows the options that it came with",
    .enabled(
      if: TestData.model("yolox_nano.onnx") != nil && TestData.onnxRuntimeLibrary != nil
        && TestData.file("data/coco50/images") != nil,
      "needs models/ and pictures of the test data, and ONNX Runtime"),
    arguments: [1, 2])
  func detector(workers: Int) throws {
    let model = try #require(TestData.model("yolox_nano.onnx")).path
    let pictures = try #require(TestData.file("data/coco50/images")).path
    var settings = DetectorSettings(model: model)
    settings.shape = .fixed(height: 160, width: 160)
    settings.score = 0.2
    let out = Collector(), runner = Mutex<PipelineRunner?>(nil)
    let changes: [Int: [String: ReportValue]] = [
      8: ["score": .double(0.6)], 16: ["interval": .int(4), "score": .double(0.2)],
      28: ["interval": .int(1), "classes": .list([.string("person")])],
    ]
    let stages: [PipelinePlan.StagePlan] = try [
      .init("camera", FFmpegSource.self, .init(url: pictures)),
      .transform("trigger", after: ["camera"]) { frame, _ in
        if let values = changes[frame.header.sequence] {
          try runner.withLock { _ = try $0?.changeOptions(of: "objects", to: values) }
        }
        return .emit(frame)
      },
      .init("scale", Letterbox.self, after: ["trigger"]),
      .init("objects", DetectYOLO.self, .init(settings), after: ["scale"], workers: workers),
      .sink("out", after: ["objects"], into: out),
    ]
    let made = try PipelineRunner(
      PipelinePlan(name: "t", framesInFlight: 2, stages: stages), services: .standard())
    runner.withLock { $0 = made }
    defer { runner.withLock { $0 = nil } }
    try made.run()
    var counts: [Int: Int] = [:], looks: [Int: [Int]] = [:]
    for frame in out.all {
      let version = frame.options?.version ?? 0
      if !frame.results.isEmpty { looks[version, default: []].append(frame.header.sequence) }
      counts[version, default: 0] += 1
      let scores = frame.detections.map(\.score)
      #expect(scores.allSatisfy { $0 > (version == 1 ? 0.6 : 0.2) }, "version \(version)")
      if version == 3 { #expect(frame.detections.allSatisfy { $0.label == "person" }) }
    }
    #expect(out.all.count == 50 && Set(counts.keys) == [0, 1, 2, 3])
    #expect(out.all.contains { ($0.options?.version ?? 0) != 1 && $0.detections.contains { $0.score < 0.6 } })
    for version in [0, 1, 3] { #expect(looks[version]?.count == counts[version]) }
    let gaps = zip((looks[2] ?? []).dropFirst(), looks[2] ?? []).map { $0 - $1 }
    #expect(!gaps.isEmpty && gaps.allSatisfy { $0 == 4 }, "\(looks)")
  }

  @Test("given a letterbox of several workers, when a gate is to close, then the change is refused with the remedy")
  func unordered() throws {
    guard let model = TestData.model("yolox_nano.onnx")?.path else { return }
    let runner = try PipelineRunner(
      PipelinePlan(
        name: "t",
        stages: [
          .source("in", count: 1),
          .init("scale", Letterbox.self, after: ["in"], workers: 2),
          .init("objects", DetectYOLO.self, .init(DetectorSettings(model: model)), after: ["scale"]),
          .sink("out", after: ["objects"], into: Collector()),
        ]), services: .standard())
    try? runner.start()
    let error = #expect(throws: PipelineError.self) {
      try runner.changeOptions(of: "objects", to: ["interval": .int(2)])
    }
    #expect(
      error?.code == .invalidArgument && error?.remedy?.contains("one worker") == true, "\(String(describing: error))")
    try runner.changeOptions(of: "objects", to: ["score": .double(0.5)])
    _ = runner.wait()
  }
}
