import Detectors
import Foundation
import PipelineTestSupport
import PipelineTesting
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

@Suite("Results of a cascade")
struct CascadeResultsTests {
  private func found(_ label: String, _ score: Float, at x: Float) -> Detection {
    Detection(label: label, classIndex: 0, score: score, box: Box(x: x, y: 0, width: 10, height: 10))
  }

  private var smaller: [Detection] {
    [found("person", 0.8, at: 0), found("person", 0.7, at: 50), found("face", 0.6, at: 0)]
  }
  private var larger: [Detection] { [found("person", 0.9, at: 1), found("person", 0.5, at: 90)] }

  @Test("given both results, when the larger's replace, then only labels that it does not know stay of the smaller's")
  func replace() {
    let joined = CascadeResults.joined(smaller: smaller, larger: larger, of: "large") { $0.label == "person" }
    #expect(joined.map(\.score) == [0.9, 0.6, 0.5])
    #expect(joined.map(\.foundBy) == ["large", nil, "large"])
  }

  @Test("given both results, when merged, then what only the smaller found stays")
  func merge() {
    let joined = CascadeResults.joined(smaller: smaller, larger: larger, of: "large") { _ in false }
    #expect(joined.map(\.score) == [0.9, 0.7, 0.6, 0.5])
    #expect(joined.map(\.foundBy) == ["large", nil, nil, "large"])
    #expect(CascadeResults.joined(smaller: [], larger: [], of: "large", isAnswered: { _ in false }).isEmpty)
  }
}

@Suite("Crops of a cascade")
struct CropTests {
  private func box(_ x: Float, _ y: Float, _ side: Float = 20) -> Box { Box(x: x, y: y, width: side, height: side) }

  @Test(
    "given boxes in two places, when crops are planned, then the first one shows the most of them, and all lie in the picture"
  )
  func plan() {
    let plan = CropPlan(width: 641, height: 481, zoom: 2)
    #expect(plan.width == 320 && plan.height == 240)
    let crowd = [box(500, 300), box(540, 320), box(600, 400), box(621, 461)], alone = [box(0, 0)]
    let crops = plan.crops(around: alone + crowd, most: 4)
    #expect(crops.count == 2)
    #expect(crowd.allSatisfy { crops.first?.holds($0) == true } && crops.last?.holds(box(0, 0)) == true)
    #expect(plan.crops(around: alone + crowd, most: 1).count == 1)
    for crop in crops {
      #expect(crop.x >= 0 && crop.y >= 0 && crop.maxX <= 641 && crop.maxY <= 481)
      #expect(Int(crop.x) % 2 == 0 && Int(crop.y) % 2 == 0)
    }
  }

  @Test("given any boxes, when crops are planned, then each fitting one is shown by one of enough crops")
  func cover() {
    for zoom in [1.1, 1.5, 2, 4, 16] {
      let plan = CropPlan(width: 1279, height: 717, zoom: zoom)
      let boxes = (0..<60).map { (index: Int) -> Box in
        let x = Float(index * 211 % 1250), y = Float(index * 97 % 690), side = Float(5 + index * 13 % 300)
        return box(x, y, side).clipped(toWidth: 1279, height: 717)
      }
      let crops = plan.crops(around: boxes, most: 100)
      for box in boxes where plan.fits(box) { #expect(crops.contains { $0.holds(box) }, "zoom \(zoom): \(box)") }
    }
    #expect(CropPlan(width: 640, height: 480, zoom: 2).crops(around: [box(0, 0, 400)], most: 2).isEmpty)
  }

  @Test("given what crops show, when joined, then boxes are the picture's, cut ones are left out, and twins are one")
  func joined() throws {
    func found(_ score: Float, _ box: Box) -> Detection {
      Detection(label: "car", classIndex: 2, score: score, box: box)
    }
    let header = FrameHeader(
      stream: StreamInfo(id: "s", sourceStage: "s"), sequence: 0, mediaTime: MediaTime(nanoseconds: 0),
      captured: MonotonicTime(nanoseconds: 0), capturedWall: WallTime(nanoseconds: 0), source: "t", width: 640,
      height: 480)
    let left = Box(x: 0, y: 0, width: 320, height: 240), right = Box(x: 100, y: 0, width: 320, height: 240)
    let joined = CropLook.joined(
      [
        // At the picture's own edge, and at an inner one.
        CropLook(place: left, found: [found(0.5, box(0, 10)), found(0.9, box(300, 10))]),
        // The same car as below, and one that the other crop does not show.
        CropLook(place: right, found: [found(0.8, box(100, 100)), found(0.7, box(250, 50))]),
        CropLook(place: left, found: [found(0.6, box(201, 100))]),
      ], in: header, iou: 0.45)
    #expect(joined.map(\.score) == [0.8, 0.7, 0.5])
    #expect(joined.map(\.box) == [box(200, 100), box(350, 50), box(0, 10)])
  }
}

@Suite(
  "Cascades in a pipeline",
  .enabled(
    if: TestData.model("yolox_nano.onnx") != nil && TestData.onnxRuntimeLibrary != nil
      && TestData.file("data/coco50/images") != nil,
    "needs models/ and pictures of the test data, and ONNX Runtime"))
struct CascadeTests {
  private func settings(_ side: Int, score: Double = 0.3) throws -> DetectorSettings {
    var settings = DetectorSettings(model: try #require(TestData.model("yolox_nano.onnx")).path)
    settings.shape = .fixed(height: side, width: side)
    settings.score = score
    return settings
  }

  private func cascade(of: String = "small", share: Double = 0.4) -> CascadeSettings {
    var cascade = CascadeSettings()
    (cascade.of, cascade.share) = (of, share)
    return cascade
  }

  private func pictures() throws -> PipelinePlan.StagePlan {
    try .init("camera", FFmpegSource.self, .init(url: try #require(TestData.file("data/coco50/images")).path))
  }

  /// What one detector finds in each picture.
  private func alone(_ settings: DetectorSettings) throws -> [[Detection]] {
    let out = Collector()
    try PipelineRunner(
      PipelinePlan(
        name: "t",
        stages: [
          try pictures(), .init("scale", Letterbox.self, after: ["camera"]),
          .init("objects", DetectYOLO.self, .init(settings), after: ["scale"]),
          .sink("out", after: ["objects"], into: out),
        ]), services: .standard()
    ).run()
    return out.all.map(\.detections)
  }

  private func plan(
    _ small: DetectorSettings, _ large: DetectorSettings, into out: Collector, workers: Int = 1
  ) throws -> PipelinePlan {
    PipelinePlan(
      name: "t",
      stages: [
        try pictures(), try .init("scale", Letterbox.self, after: ["camera"]),
        try .init("small", DetectYOLO.self, .init(small), after: ["scale"], workers: workers),
        try .init("closer", Letterbox.self, after: ["small"]),
        try .init("large", DetectYOLO.self, .init(large), after: ["closer"], workers: workers),
        try .init("tracks", SortStage.self, after: ["large"]),
        .sink("out", after: ["tracks"], into: out),
      ])
  }

  @Test(
    "given a small and a large input, when frames are in doubt, then those have the large one's results, the others the small one's",
    arguments: [1, 2])
  func frames(workers: Int) throws {
    let small = try settings(160)
    var large = try settings(416)
    let (few, many) = (try alone(small), try alone(large))
    large.gate.cascade = cascade()
    let out = Collector()
    let runner = try PipelineRunner(plan(small, large, into: out, workers: workers), services: .standard())
    try runner.run()

    let frames = out.all.sorted { $0.header.sequence < $1.header.sequence }
    #expect(frames.count == 50)
    var sent = 0
    for (index, frame) in frames.enumerated() {
      // One result a frame, under one name: the tracker follows that.
      let results = frame.results
      #expect(results.map(\.stage) == ["small"], "frame \(index)")
      let detections = frame.detections.filter { !$0.isPredicted }
      let isSent = detections.contains { $0.foundBy == "large" }
      let expected = isSent ? many[index] : few[index]
      if isSent { sent += 1 }
      guard !detections.isEmpty else { continue }
      #expect(detections.allSatisfy { $0.foundBy == (isSent ? "large" : nil) })
      #expect(detections.map(\.box) == expected.map(\.box) && detections.map(\.score) == expected.map(\.score))
    }
    let snapshot = runner.snapshot(withFacts: true)
    let facts = try #require(snapshot.stages.first { $0.id == "large" }?.facts)
    guard case .object(let fact)? = facts["cascade"], case .int(let noted)? = fact["sent"] else {
      Issue.record("no facts: \(facts)")
      return
    }
    // Where the large one finds nothing nobody can tell by the detections.
    #expect(noted >= sent && noted <= 20 && noted >= 12, "\(noted), \(sent)")
    #expect(fact["asked"] == .int(50) && facts["passed_by"] == .int(50 - noted))
    #expect(snapshot.stages.first { $0.id == "large" }?.values.detections ?? 0 > 0)
  }

  @Test("given candidates that are kept, when a detector runs, then its detections are those that it has without")
  func candidates() throws {
    let small = try settings(160)
    var large = try settings(416)
    large.gate.isEnabled = false
    large.gate.cascade = cascade()
    let out = Collector()
    try PipelineRunner(plan(small, large, into: out), services: .standard()).run()
    let found = out.all.map { $0.detections.filter { !$0.isPredicted }.map(\.box) }
    #expect(found == (try alone(small)).map { $0.map(\.box) })
    let doubts = out.all.compactMap { $0.attachment(DoubtfulCandidates.key(of: "small")) as? DoubtfulCandidates }
    #expect(doubts.count == 50)
    #expect(doubts.allSatisfy { $0.candidates.allSatisfy { $0.score > 0.02 } })
    #expect(doubts.contains { $0.candidates.contains { $0.score < 0.1 } })
    #expect(doubts.allSatisfy { $0.candidates.map(\.score) == $0.candidates.map(\.score).sorted(by: >) })
  }

  @Test("given crops, when frames are in doubt, then small things are found there, and boxes lie where they are")
  func crops() throws {
    let small = try settings(160)
    var large = try settings(416), cascade = cascade(share: 1)
    (cascade.send, cascade.crops) = ("crops", 3)
    large.gate.cascade = cascade
    let out = Collector()
    let runner = try PipelineRunner(plan(small, large, into: out), services: .standard())
    try runner.run()
    let whole = try alone(try settings(640))
    let frames = out.all.sorted { $0.header.sequence < $1.header.sequence }
    #expect(frames.count == 50 && frames.allSatisfy { $0.results.map(\.stage) == ["small"] })
    var right = 0, all = 0
    for (frame, reference) in zip(frames, whole) {
      for detection in frame.detections where detection.foundBy == "large" && detection.score > 0.5 {
        all += 1
        right += reference.contains { $0.label == detection.label && $0.box.iou(detection.box) > 0.5 } ? 1 : 0
      }
    }
    // By a look at the whole picture in as much detail; the others are what that one missed, and mistakes.
    #expect(all > 40 && Double(right) > 0.6 * Double(all), "\(right) of \(all)")
    let facts = runner.snapshot(withFacts: true).stages.first { $0.id == "large" }?.facts
    guard case .object(let fact)? = facts?["cascade"], case .int(let crops)? = fact["crops"] else {
      Issue.record("no facts: \(String(describing: facts))")
      return
    }
    #expect(crops > 50 && crops <= 150, "\(crops)")
  }

  // MARK: - What is refused

  private func refused(_ stages: [PipelinePlan.StagePlan]) -> PipelineError? {
    #expect(throws: StageBuildErrors.self) {
      try PipelineRunner(PipelinePlan(name: "t", stages: stages), services: .standard())
    }?.errors.first
  }

  private func chain(
    _ cascade: CascadeSettings, between: [PipelinePlan.StagePlan] = [], large side: Int = 416,
    first: [String]? = ["small"], after: String = "small"
  ) throws -> [PipelinePlan.StagePlan] {
    var large = try settings(side)
    large.gate.cascade = cascade
    return [
      try pictures(), try .init("scale", Letterbox.self, .init(for: first), after: ["camera"]),
      try .init("small", DetectYOLO.self, .init(settings(160)), after: ["scale"]),
    ] + between + [
      try .init("closer", Letterbox.self, after: [after]),
      try .init("large", DetectYOLO.self, .init(large), after: ["closer"]),
      .sink("out", after: ["large"], into: Collector()),
    ]
  }

  @Test("given cascades that cannot be, when a pipeline is made, then one sentence says why and another what to do")
  func refusals() throws {
    var error = refused(try chain(cascade(of: "smal")))
    #expect(error?.message == "the cascade of 'large' is of 'smal', which is not a stage")
    #expect(error?.remedy == "did you mean 'small'?")
    error = refused(try chain(cascade(of: "camera")))
    #expect(error?.message == "the cascade of 'large' is of 'camera', which does not run a model")
    #expect(error?.remedy == "detecting stages before it: small")
    error = refused(try chain(cascade(of: "large")))
    #expect(error != nil)
    error = refused(try chain(cascade(share: 0)))
    #expect(error?.message == "the cascade of 'large' has a share of 0: no frame is ever sent to it")
    var wrong = cascade()
    wrong.between = [0.5, 0.1]
    error = refused(try chain(wrong))
    #expect(error?.message == "the cascade of 'large' has no score between 0.5 and 0.1")
    error = refused(try chain(cascade(), first: ["small", "large"]))
    #expect(error?.message.contains("before 'small' has looked") == true, "\(String(describing: error))")
    #expect(error?.remedy?.contains("between 'small' and 'large'") == true)
    error = refused(
      try chain(
        cascade(), between: [.init("tracks", SortStage.self, after: ["small"])], after: "tracks"))
    #expect(error?.message.hasPrefix("the tracker 'tracks' stands between 'small' and 'large'") == true)
    #expect(error?.remedy == "put 'tracks' after 'large'")
  }

  @Test(
    "given the same model at the same shape twice, when a pipeline is made, then a warning says that nothing is gained")
  func same() throws {
    let runner = try PipelineRunner(
      PipelinePlan(name: "t", stages: chain(cascade(), large: 160)), services: .standard())
    #expect(runner.warnings.contains { $0.error.message.contains("runs the model of 'small' at the same shape") })
    let other = try PipelineRunner(PipelinePlan(name: "t", stages: chain(cascade())), services: .standard())
    #expect(other.warnings.isEmpty, "\(other.warnings)")
  }

  @Test("given a cascade in a run, when its share changes, then the next frames have it; what else it is stays")
  func change() throws {
    let out = Collector(), runner = Mutex<PipelineRunner?>(nil)
    @Sendable func object(_ share: Double, of: String = "small") -> [String: ReportValue] {
      ["cascade": .object(["of": .string(of), "share": .double(share)])]
    }
    var stages = try chain(cascade(share: 0.1))
    stages[0] = try pictures()
    stages.insert(
      .transform("trigger", after: ["camera"]) { frame, _ in
        guard frame.header.sequence == 20 else { return .emit(frame) }
        try runner.withLock { runner in
          #expect(throws: PipelineError.self) { try runner?.changeOptions(of: "large", to: object(0.5, of: "other")) }
          #expect(throws: PipelineError.self) { try runner?.changeOptions(of: "large", to: object(0)) }
          #expect(throws: PipelineError.self) { try runner?.changeOptions(of: "large", to: ["cascade": .null]) }
          _ = try runner?.changeOptions(of: "large", to: object(1))
        }
        return .emit(frame)
      }, at: 1)
    stages[2] = try .init("scale", Letterbox.self, .init(for: ["small"]), after: ["trigger"])
    stages[stages.count - 1] = .sink("out", after: ["large"], into: out)
    let made = try PipelineRunner(
      PipelinePlan(name: "t", framesInFlight: 2, stages: stages), services: .standard())
    runner.withLock { $0 = made }
    defer { runner.withLock { $0 = nil } }
    try made.run()
    // A refined result is a later revision.
    func sent(_ frames: Range<Int>) -> Int {
      out.all.count { frames.contains($0.header.sequence) && $0.results.contains { $0.revision > 0 } }
    }
    #expect(out.all.count == 50 && sent(0..<20) <= 2 && sent(20..<50) >= 25, "\(sent(0..<20)), \(sent(20..<50))")
  }
}
