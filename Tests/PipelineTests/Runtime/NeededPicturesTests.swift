import EdgepipeCore
import Logging
import PipelineTestSupport
import Synchronization
import Testing

@testable import Pipeline

/// A sink that may look at pictures, as its configuration says.
private final class Viewer: FrameStage {
  static let type = "sink.viewer"
  static let summary = "Counts pictures."
  static let role = StageRole.sink
  static let needsImage = true

  let looks: Bool
  let seen: Collector

  init(_ configuration: NoConfiguration, context: StageContext) throws {
    throw PipelineError("made by tests only", code: .internalFault)
  }

  init(looks: Bool, seen: Collector) {
    self.looks = looks
    self.seen = seen
  }

  var interface: StageInterface {
    var interface = StageInterface()
    interface.needsImage = looks
    return interface
  }

  func makeWorker(_ context: WorkerContext) -> any FrameWorker { Worker(seen) }

  private final class Worker: FrameWorker {
    let seen: Collector
    init(_ seen: Collector) { self.seen = seen }

    func process(_ frame: Frame) -> FrameOutcome {
      seen.add(frame)
      return .emit(frame)
    }
  }
}

@Suite struct NeededPicturesTests {
  @Test(arguments: [true, false])
  func `given a stage whose type may look at pictures when its configuration says so then frames keep theirs`(
    looks: Bool
  ) throws {
    let seen = Collector()
    let viewer = PipelinePlan.StagePlan(
      id: "viewer",
      descriptor: StageDescriptor(type: Viewer.type, summary: Viewer.summary, role: .sink, needsImage: true) { _, _ in
        Viewer(looks: looks, seen: seen)
      }, after: ["paint"])
    let runner = try PipelineRunner(
      PipelinePlan(
        name: "t", framesInFlight: 2,
        stages: [
          .source("in", count: 5),
          .transform("paint", after: ["in"]) { frame, _ in
            var frame = frame
            frame.image = GrayPicture(width: 4, height: 2, value: 9)
            return .emit(frame)
          }, viewer,
        ]), logger: LogLines().logger())
    try runner.start()
    _ = runner.wait()
    #expect(seen.all.count == 5 && seen.all.allSatisfy { ($0.image != nil) == looks })
  }
}
