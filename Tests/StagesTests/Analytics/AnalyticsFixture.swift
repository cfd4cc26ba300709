import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline

/// Frames with things at given places, and what a stage tells about them.
struct AnalyticsFixture {
  /// A tracked thing whose anchor, the middle of its lower edge, is at (x, y).
  struct Thing {
    var track: Int?
    var x: Double
    var y: Double
    var label = "person"
    var stage = "objects"
    var isPredicted = false
  }

  let worker: any FrameWorker

  init(_ stage: some FrameStage) throws {
    worker = try stage.makeWorker(WorkerContext(index: 0, workerCount: 1))
  }

  @discardableResult
  func show(
    _ things: [Thing], at seconds: Double, stream: String = "camera", width: Int = 1000, height: Int = 1000
  ) throws -> [FrameEvent] {
    try frame(things, at: seconds, stream: stream, width: width, height: height).events
  }

  func frame(
    _ things: [Thing], at seconds: Double, stream: String = "camera", width: Int = 1000, height: Int = 1000
  ) throws -> Frame {
    let stages = Set(things.map(\.stage)).sorted()
    let results = stages.map { stage in
      StageResults(
        stage: stage,
        detections: things.filter { $0.stage == stage }.map { thing in
          Detection(
            label: thing.label, classIndex: 0, score: 0.9,
            box: Box(x: Float(thing.x) - 20, y: Float(thing.y) - 100, width: 40, height: 100), track: thing.track,
            isPredicted: thing.isPredicted)
        })
    }
    let frame = SinkFixture.frame(
      Int(seconds * 1000), stream: stream, seconds: seconds, width: width, height: height, results: results)
    guard case .emit(let result) = try worker.process(frame) else {
      Issue.record("analytics drop nothing")
      return frame
    }
    #expect(result.detections == frame.detections)
    return result
  }
}

extension FrameEvent {
  /// One field, in words.
  func text(_ key: String) -> String? {
    switch fields.first(where: { $0.key == key })?.value {
    case .string(let text): text
    case .int(let number): String(number)
    case .double(let number): String((number * 1000).rounded() / 1000)
    case .bool(let isTrue): String(isTrue)
    default: nil
    }
  }

  /// The counts of an object by key.
  func counts(_ key: String) -> [String: Int] {
    guard case .object(let members)? = fields.first(where: { $0.key == key })?.value else { return [:] }
    return members.compactMapValues { if case .int(let count) = $0 { count } else { nil } }
  }
}
