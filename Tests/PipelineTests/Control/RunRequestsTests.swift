import Foundation
import PipelineTestSupport
import PipelineTesting
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Pipeline

/// Can be told not to detect.
private final class Detector: FrameStage, AdjustableStage {
  struct Configuration: StageConfiguration {
    var isOn = true
    var score = 0.5

    static let options: [ConfigurationOption<Self>] = [
      .init("on", \.isOn, .bool, changeable: true, meaning: .isDetecting, "Whether it detects."),
      .init("score", \.score, .number(0...1), changeable: true, "A limit."),
    ]
  }

  static let type = "detect.test"
  static let summary = ""
  static let role = StageRole.transform

  init(_ configuration: Configuration, context: StageContext) {}
  func adjustment(for configuration: Configuration) -> Configuration { configuration }
  func makeWorker(_ context: WorkerContext) -> any FrameWorker { Worker() }

  private final class Worker: FrameWorker {
    func process(_ frame: Frame) -> FrameOutcome { .emit(frame) }
  }
}

/// A sink that asks its run for something at its first frame.
private final class Asking: FrameStage {
  typealias Question = @Sendable (any RunRequests) throws -> Void

  struct Configuration: StageConfiguration {
    static let options: [ConfigurationOption<Self>] = []
  }

  static let type = "sink.asking"
  static let summary = ""
  static let role = StageRole.sink
  private let context: StageContext

  init(_ configuration: Configuration, context: StageContext) { self.context = context }
  func makeWorker(_ worker: WorkerContext) -> any FrameWorker { Worker(context) }

  final class Box: Sendable {
    let question: Question
    let errors = Mutex<[String]>([])
    init(_ question: @escaping Question) { self.question = question }
  }

  private final class Worker: FrameWorker {
    let context: StageContext
    init(_ context: StageContext) { self.context = context }

    func process(_ frame: Frame) throws -> FrameOutcome {
      guard frame.header.sequence == 0, let requests = context.requests, let box = context.services.find(Box.self)
      else { return .emit(frame) }
      do { try box.question(requests) } catch { box.errors.withLock { $0.append("\(error)") } }
      return .emit(frame)
    }
  }
}

@Suite("What a stage asks of its run", .timeLimit(.minutes(10)))
struct RunRequestsTests {
  /// - Returns: what was refused.
  private func run(
    detectors: [String], _ question: @escaping Asking.Question
  ) throws -> [String] {
    var stages: [PipelinePlan.StagePlan] = [.source("in", count: 1)]
    for id in detectors { stages.append(try .init(id, Detector.self, .init(), after: [stages.last?.id ?? "in"])) }
    stages.append(try .init("out", Asking.self, .init(), after: [stages.last?.id ?? "in"]))
    var services = StageServices()
    let box = Asking.Box(question)
    services.provide(box)
    try PipelineRunner(PipelinePlan(name: "t", stages: stages), services: services).run()
    return box.errors.withLock { $0 }
  }

  @Test("given two detectors, when one asks for no detection, then both stop, and it can be asked")
  func detection() throws {
    let refused = try run(detectors: ["a", "b"]) { requests in
      #expect(requests.isDetecting == true)
      let changes = try requests.setDetecting(false)
      #expect(changes.map(\.stage) == ["a", "b"])
      #expect(requests.isDetecting == false)
      _ = try requests.set(Array(#"{"on":true}"#.utf8), of: "b")
      #expect(requests.isDetecting == true)
    }
    #expect(refused == [])
  }

  @Test("given a pipeline without such a stage, when detection is asked for, then that is refused")
  func none() throws {
    let refused = try run(detectors: []) { requests in
      #expect(requests.isDetecting == nil)
      _ = try requests.setDetecting(true)
    }
    #expect(refused == ["no stage of this pipeline can be told to detect or not; detect.yolo and detect.face can"])
  }

  @Test("given an option that cannot be, when it is asked for, then the answer is that of the control socket")
  func refusal() throws {
    let refused = try run(detectors: ["a"]) { _ = try $0.set(Array(#"{"scroe":1}"#.utf8), of: "a") }
    #expect(refused == ["a: 'a' has no option 'scroe'; did you mean 'score'?"])
  }

  @Test("given no run, when something is asked, then it is not there yet")
  func outside() {
    #expect(throws: PipelineError.self) { try RequestDesk().setDetecting(true) }
  }
}
