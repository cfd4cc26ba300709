import Foundation
import PipelineTestSupport
@testable import Stages
import Testing

@testable import Detectors
@testable import EdgepipeCore
@testable import Pipeline

/// A stage that takes tensors and does nothing with them.
final class TensorTaker: FrameStage, TensorConsumer {
  static let type = "detect.taker"
  static let summary = "Takes tensors, for tests"
  static let role = StageRole.transform
  let inputRequest: InputRequest

  init(_ request: InputRequest) { inputRequest = request }

  init(_ configuration: NoConfiguration, context: StageContext) throws {
    throw PipelineError("made by tests only", code: .internalFault)
  }

  func makeWorker(_ context: WorkerContext) throws -> any FrameWorker {
    throw PipelineError("does not run", code: .internalFault)
  }
}

enum LetterboxFixtures {
  /// A letterbox connected to takers of these requests, named t0, t1 and so on.
  static func letterbox(_ requests: [InputRequest], for consumers: [String]? = nil) throws -> Letterbox {
    let letterbox = try Letterbox(.init(for: consumers), context: MediaFixtures.context("scale"))
    let takers = Dictionary(
      uniqueKeysWithValues: requests.enumerated().map { ("t\($0)", TensorTaker($1) as any Stage) })
    try letterbox.connect(to: StagePeers(stages: takers, downstream: takers.keys.sorted()))
    return letterbox
  }

  static func request(
    _ shape: InputShape, nominal: Int = 416, color: InputFormat.ColorOrder = .rgb,
    placement: InputFormat.Placement = .topLeft, pad: Float = 114, mean: [Float] = [0, 0, 0],
    scale: [Float] = [1, 1, 1], element: TensorElement = .float32
  ) -> InputRequest {
    InputRequest(
      format: InputFormat(color: color, placement: placement, pad: pad, mean: mean, scale: scale, element: element),
      shape: shape, nominalSize: nominal)
  }

  /// What a letterbox of one request makes of a frame.
  static func input(_ frame: Frame, _ request: InputRequest) throws -> ModelInput {
    let worker = try letterbox([request]).makeWorker(WorkerContext(index: 0, workerCount: 1))
    guard case .emit(let result) = try worker.process(frame) else {
      throw PipelineError("the letterbox dropped a frame", code: .internalFault)
    }
    return try #require(result.attachment("t0") as? ModelInput)
  }

  static func floats(_ input: ModelInput) -> [Float] {
    // SAFETY: copied while the tensor lends its memory.
    unsafe input.tensor.withFloats { unsafe Array($0) }
  }

  /// The frame's pixels at their own size: packed RGB in 0...255.
  static func pixels(of frame: Frame) throws -> [Float] {
    let image = try #require(frame.image)
    let planar = floats(try input(frame, request(.fixed(height: image.height, width: image.width))))
    let area = image.width * image.height
    return (0..<area).flatMap { [planar[$0], planar[area + $0], planar[2 * area + $0]] }
  }

  static func meanDifference(_ a: [Float], _ b: [Float]) -> Float {
    zip(a, b).reduce(Float(0)) { $0 + abs($1.0 - $1.1) } / Float(max(1, min(a.count, b.count)))
  }
}
