import CFFmpeg
@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import PipelineTesting
import Testing

@testable import Pipeline
@testable import Stages

@Suite("privacy.anonymize")
struct AnonymizeStageTests {
  private static func worker(
    _ change: (inout AnonymizeStage.Configuration) -> Void = { _ in }
  ) throws -> (stage: AnonymizeStage, worker: any HoldingWorker) {
    var configuration = AnonymizeStage.Configuration()
    change(&configuration)
    let stage = try AnonymizeStage(configuration, context: SinkFixture.context("hide"))
    return (stage, try #require(stage.makeWorker(WorkerContext(index: 0, workerCount: 1)) as? any HoldingWorker))
  }

  private static func face(_ x: Float, label: String = "face", track: Int? = nil) -> StageResults {
    StageResults(
      stage: "faces", detections: [SinkFixture.detection(label, x: x, y: 10, width: 20, height: 20, track: track)])
  }

  private func taken(_ worker: any HoldingWorker, _ frame: Frame) throws -> [ReleasedFrame] {
    try worker.take(frame)
    return drained(worker)
  }

  private func drained(_ worker: any HoldingWorker) -> [ReleasedFrame] {
    var all: [ReleasedFrame] = []
    while let one = worker.next() { all.append(one) }
    return all
  }

  private func sequences(_ released: [ReleasedFrame]) -> [Int] {
    released.map { if case .emit(let frame) = $0 { frame.header.sequence } else { -1 } }
  }

  private func isHidden(_ frame: Frame, x: Int) throws -> Bool {
    let luma = HiddenPixels.values(try frame.decodedPicture())[0].values
    return luma[15][x..<x + 10].allSatisfy { $0 == 16 }
  }

  @Test(
    "given a face in frame 10 alone, when frames come, then it is hidden in 7 to 13, and the other pictures are the originals"
  )
  func bothWays() throws {
    let (stage, worker) = try Self.worker { $0.holdFrames = 3 }
    let picture = try SinkFixture.picture(width: 64, height: 48, phase: 40)
    var out: [ReleasedFrame] = []
    for index in 0..<20 {
      let frame = SinkFixture.frame(
        index, width: 64, height: 48, image: picture, results: index == 10 ? [Self.face(20)] : [])
      let now = try taken(worker, frame)
      #expect(sequences(now) == (index >= 3 ? [index - 3] : []), "three frames are kept back")
      out += now
    }
    worker.release()
    out += drained(worker)
    #expect(sequences(out) == Array(0..<20))
    for case .emit(let frame) in out {
      let isNear = (7...13).contains(frame.header.sequence)
      #expect(try isHidden(frame, x: 25) == isNear, "frame \(frame.header.sequence)")
      #expect((frame.image === picture) == !isNear)
    }
    #expect(stage.facts["pictures"] == .int(20) && stage.facts["hidden_in"] == .int(7))
  }

  @Test(
    "given two streams, when one starts anew or changes its size, then it alone lets its frames go, each hidden as it was"
  )
  func streams() throws {
    let (_, worker) = try Self.worker()
    let picture = try SinkFixture.picture(width: 64, height: 48, phase: 40)
    func frame(_ index: Int, _ stream: String, discontinuity: Int = 0) -> Frame {
      SinkFixture.frame(
        index, stream: stream, width: 64, height: 48, image: picture, discontinuity: discontinuity,
        results: stream == "a" ? [Self.face(20)] : [])
    }
    for index in 0..<3 {
      #expect(try taken(worker, frame(index, "a")).isEmpty)
      #expect(try taken(worker, frame(index, "b")).isEmpty)
    }
    let anew = try taken(worker, frame(3, "a", discontinuity: 1))
    #expect(sequences(anew) == [0, 1, 2])
    for case .emit(let frame) in anew { #expect(try frame.header.stream.id == "a" && isHidden(frame, x: 25)) }
    let smaller = SinkFixture.frame(
      4, stream: "b", width: 32, height: 32, image: try SinkFixture.picture(width: 32, height: 32))
    #expect(sequences(try taken(worker, smaller)) == [0, 1, 2])
    worker.release()
    #expect(sequences(drained(worker)) == [3, 4])
  }

  @Test("given a camera that stops, when another goes on for two seconds, then its last frames go on as well")
  func silence() throws {
    let (_, worker) = try Self.worker()
    func frame(_ index: Int, _ stream: StreamInfo) -> Frame {
      Frame(
        header: FrameHeader(
          stream: stream, sequence: index, mediaTime: MediaTime(seconds: Double(index) / 10),
          captured: MonotonicTime(nanoseconds: Int64(index) * 100_000_000), capturedWall: WallTime(nanoseconds: 0),
          source: "", width: 64, height: 48), image: nil)
    }
    let a = StreamInfo(id: "a", sourceStage: "in", isLive: true),
      b = StreamInfo(id: "b", sourceStage: "in", isLive: true)
    var out: [String] = []
    for index in 0..<40 {
      for stream in index < 5 ? [a, b] : [b] {
        for case .emit(let frame) in try taken(worker, frame(index, stream)) where frame.header.stream.id == "a" {
          out.append("\(frame.header.sequence) at \(index)")
        }
      }
    }
    #expect(out == ["0 at 3", "1 at 4", "2 at 25", "3 at 25", "4 at 25"])
  }

  @Test(
    "given a picture that cannot be written, when something is to be hidden in it, then the frame is lost, not shown")
  func unwritable() throws {
    let (stage, worker) = try Self.worker { $0.delayFrames = 0 }
    let out = try taken(
      worker,
      SinkFixture.frame(
        0, width: 64, height: 48, image: GrayPicture(width: 64, height: 48, value: 1), results: [Self.face(0)]))
    guard case .failed? = out.first, out.count == 1 else {
      Issue.record("\(out)")
      return
    }
    #expect(stage.facts["unwritable"] == .int(1))
  }

  @Test("given other classes and spellings, when they are chosen, then they are hidden and faces are not")
  func classes() throws {
    let (_, worker) = try Self.worker {
      $0.classes = ["licence plate"]
      $0.delayFrames = 0
      $0.holdFrames = 0
    }
    let picture = try SinkFixture.picture(width: 64, height: 48, phase: 40)
    for (label, isChosen) in [
      ("face", false), ("LicencePlate", false), ("Licence-Plate", true), ("licence_plate", true),
    ] {
      let frame = SinkFixture.frame(
        0, width: 64, height: 48, image: picture, results: [Self.face(20, label: label)])
      guard case .emit(let out)? = try taken(worker, frame).first else { throw CancellationError() }
      #expect(try isHidden(out, x: 25) == isChosen, "\(label)")
    }
  }

  @Test("given faces with landmarks, when they are hidden, then the landmarks are off the frame and the boxes on it")
  func landmarks() throws {
    let (_, worker) = try Self.worker { $0.delayFrames = 0 }
    let picture = try SinkFixture.picture(width: 64, height: 48, phase: 40)
    var face = SinkFixture.detection("face", x: 20, y: 10, width: 20, height: 20, track: 7)
    face.landmarks = (0..<5).map { Point(x: Float(22 + $0), y: 15) }
    var plate = SinkFixture.detection("plate", x: 2, y: 2, width: 8, height: 4)
    plate.landmarks = [Point(x: 3, y: 3)]
    let frame = SinkFixture.frame(
      0, width: 64, height: 48, image: picture,
      results: [StageResults(stage: "faces", revision: 2, detections: [face, plate])])
    guard case .emit(let out)? = try taken(worker, frame).first else { throw CancellationError() }
    let result = try #require(out.results.first)
    #expect(out.results.count == 1 && result.revision == 2)
    #expect(result.detections.map(\.box) == [face.box, plate.box] && result.detections.map(\.track) == [7, nil])
    #expect(result.detections.map(\.landmarks.count) == [0, 1], "what is not hidden keeps its own")
  }

  @Test("given heads, when a person has no face, then the upper part is hidden; with one, only the face")
  func heads() throws {
    let (_, worker) = try Self.worker {
      $0.heads = true
      $0.delayFrames = 0
      $0.holdFrames = 0
      $0.margin = 0
    }
    let picture = try SinkFixture.picture(width: 64, height: 200, phase: 40)
    let person = SinkFixture.detection("person", x: 10, y: 10, width: 40, height: 150)
    func hidden(_ faces: [StageResults]) throws -> [[Int]] {
      let frame = SinkFixture.frame(
        0, width: 64, height: 200, image: picture,
        results: [StageResults(stage: "objects", detections: [person])] + faces)
      guard case .emit(let out)? = try taken(worker, frame).first else { throw CancellationError() }
      return HiddenPixels.values(try out.decodedPicture())[0].values
    }
    let head = try hidden([])
    #expect(head[12][10..<50].allSatisfy { $0 == 16 } && head[42][10..<50].allSatisfy { $0 == 16 })
    #expect(head[46][10..<50].allSatisfy { $0 != 16 })
    let face = try hidden([Self.face(20)])
    #expect(face[12][20..<40].allSatisfy { $0 == 16 } && face[12][42..<50].allSatisfy { $0 != 16 })
  }

  @Test(
    "given a detector that stops looking, when its last look is longer ago than the memory, then pictures are hidden whole"
  )
  func blind() throws {
    var configuration = AnonymizeStage.Configuration()
    configuration.holdFrames = 4
    configuration.delayFrames = 2
    let stage = try AnonymizeStage(configuration, context: SinkFixture.context("hide"))
    let detector = EveryFourth(NoConfiguration(), context: SinkFixture.context("faces"))
    stage.connect(to: StagePeers(stages: ["faces": detector, "hide": stage], downstream: [], upstream: ["faces"]))
    let worker = try #require(stage.makeWorker(WorkerContext(index: 0, workerCount: 1)) as? any HoldingWorker)
    let picture = try SinkFixture.picture(width: 64, height: 48, phase: 40)
    var predicted = SinkFixture.detection("face", x: 40, y: 30, width: 10, height: 10, track: 1)
    predicted.isPredicted = true
    var hidden: [Int] = []
    for index in 0..<20 {
      let results: StageResults? =
        switch index {
        case 5...8, 18...: StageResults(stage: "faces", detections: [])
        // What a tracker expects is no look.
        case 9...14: StageResults(stage: "faces", revision: 1, detections: [predicted])
        default: nil
        }
      let frame = SinkFixture.frame(index, width: 64, height: 48, image: picture, results: results.map { [$0] } ?? [])
      for case .emit(let out) in try taken(worker, frame) where try isHidden(out, x: 0) {
        hidden.append(out.header.sequence)
      }
    }
    worker.release()
    for case .emit(let out) in drained(worker) where try isHidden(out, x: 0) { hidden.append(out.header.sequence) }
    #expect(hidden == [0, 1, 2, 13, 14, 15], "looks at 5 to 8 and from 18 on; two frames are known ahead")
    #expect(stage.facts["unwatched"] == .int(6))
  }

  @Test("given areas of one stream, when frames come, then they are hidden there, always, and one outside is told once")
  func areas() throws {
    let (stage, worker) = try Self.worker {
      $0.classes = []
      $0.units = "relative"
      $0.delayFrames = 0
      var inside = AnonymizeStage.Configuration.Area(
        name: "window", points: [[0.25, 0.25], [0.5, 0.25], [0.5, 0.5], [0.25, 0.5]])
      inside.streams = ["a"]
      $0.areas = [
        inside,
        .init(name: "far", points: [[900, 900], [950, 900], [950, 950]], units: "pixels"),
      ]
    }
    let picture = try SinkFixture.picture(width: 64, height: 48, phase: 40)
    for stream in ["a", "b", "a"] {
      let frame = SinkFixture.frame(0, stream: stream, width: 64, height: 48, image: picture)
      guard case .emit(let out)? = try taken(worker, frame).first else { throw CancellationError() }
      #expect(try isHidden(out, x: 16) == (stream == "a"))
      #expect((out.image === picture) == (stream == "b"))
    }
    guard case .list(let outside)? = stage.facts["outside"] else {
      Issue.record("nothing is told")
      return
    }
    #expect(outside.count == 2, "for each stream once")
  }

  @Test("given nothing to hide, or an area that crosses itself, when the stage is made, then it is refused")
  func refused() {
    #expect(throws: PipelineError.self) { try Self.worker { $0.classes = [] } }
    #expect(throws: PipelineError.self) {
      try Self.worker { $0.areas = [.init(name: "bow", points: [[0, 0], [10, 10], [10, 0], [0, 9]])] }
    }
  }
}

/// Finds a face in every fourth frame, always in one place.
private final class EveryFourth: FrameStage {
  typealias Configuration = NoConfiguration
  static let type = "detect.fourth"
  static let summary = ""
  static let role = StageRole.transform

  init(_ configuration: NoConfiguration, context: StageContext) {}

  var interface: StageInterface {
    var interface = StageInterface()
    interface.finds = .only(["face"])
    return interface
  }

  func makeWorker(_ context: WorkerContext) -> any FrameWorker { Worker() }

  private final class Worker: FrameWorker {
    func process(_ frame: Frame) -> FrameOutcome {
      var frame = frame
      let isFound = frame.header.sequence % 4 == 2
      let face = SinkFixture.detection("face", x: 40, y: 24, width: 64, height: 64)
      frame.attach(StageResults(stage: "faces", detections: isFound ? [face] : []))
      return .emit(frame)
    }
  }
}

@Suite(
  "privacy.anonymize in a pipeline", .enabled(if: MediaFixtures.areAvailable, "needs ffmpeg"), .timeLimit(.minutes(5)))
struct AnonymizePipelineTests {
  /// A film of 50 frames whose hidden part is decoded again from what the sink has written.
  private static func run(_ method: String, film: String) throws -> (
    inside: [UInt8], outside: [UInt8], original: [UInt8]
  ) {
    let folder = try TestData.temporaryFolder("anonymize")
    defer { try? FileManager.default.removeItem(at: folder) }
    let out = folder.appendingPathComponent("out.mp4").path
    var hide = AnonymizeStage.Configuration()
    hide.method = method
    hide.margin = 0
    let plan = PipelinePlan(
      name: "t",
      stages: [
        try .init("camera", FFmpegSource.self, FFmpegSource.Configuration(url: film)),
        try .init("faces", EveryFourth.self, after: ["camera"]),
        try .init("hide", AnonymizeStage.self, hide, after: ["faces"]),
        try .init("video", VideoSink.self, VideoSink.Configuration(path: out), after: ["hide"]),
      ])
    let runner = try PipelineRunner(plan, logger: LogLines().logger())
    try runner.run()
    #expect(try SinkFixture.frameCount(out) == 50)
    func pixels(_ path: String, _ filter: String) throws -> [UInt8] {
      let ffmpeg = try #require(MediaFixtures.ffmpeg)
      return Array(
        try TestData.run(
          ffmpeg, ["-v", "error", "-i", path, "-vf", filter, "-f", "rawvideo", "-pix_fmt", "gray", "-"]
        ).output)
    }
    return (
      try pixels(out, "crop=48:48:48:32"), try pixels(out, "crop=30:100:120:10"), try pixels(film, "crop=48:48:48:32")
    )
  }

  private static func film() throws -> String {
    try MediaFixtures.make(
      "anonymize.mp4",
      ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=2", "-c:v", "libx264", "-pix_fmt", "yuv420p"])
  }

  private static func correlation(_ a: [UInt8], _ b: [UInt8]) -> Double {
    let x = a.map(Double.init), y = b.map(Double.init), n = Double(a.count)
    let mx = x.reduce(0, +) / n, my = y.reduce(0, +) / n
    let xy = zip(x, y).reduce(0) { $0 + ($1.0 - mx) * ($1.1 - my) }
    let xx = x.reduce(0) { $0 + ($1 - mx) * ($1 - mx) }, yy = y.reduce(0) { $0 + ($1 - my) * ($1 - my) }
    return xx * yy == 0 ? 0 : xy / (xx * yy).squareRoot()
  }

  @Test("given every fourth frame with a face, when it is filled, then nothing of it is in the film, in any frame")
  func fill() throws {
    let (inside, outside, original) = try Self.run("fill", film: Self.film())
    // Eight pixels from the edges, where the encoder has none to draw.
    #expect(inside.count == original.count && inside.count == 50 * 48 * 48)
    #expect(Set(inside).allSatisfy { $0 <= 3 }, "\(Set(inside).max() ?? 0)")
    #expect(abs(Self.correlation(inside, original)) < 0.05)
    #expect(Set(outside).count > 50, "the rest is visible")
  }

  @Test("given the same with blocks, when the film is decoded, then nothing is in the blocks of any frame")
  func pixelate() throws {
    let (inside, _, original) = try Self.run("pixelate", film: Self.film())
    #expect(inside.count == original.count)
    // The middle of each block of 8 pixels, where the encoder has no edge to draw.
    // Only where the face was found do the blocks begin at its box.
    for frame in stride(from: 2, to: 50, by: 4) {
      for block in 0..<36 {
        let left = block % 6 * 8 + 2, top = block / 6 * 8 + 2
        let values = (0..<16).map { Int(inside[(frame * 48 + top + $0 / 4) * 48 + left + $0 % 4]) }
        let spread = (values.max() ?? 0) - (values.min() ?? 0)
        #expect(spread < 24, "frame \(frame), block \(block)")
      }
    }
  }
}
