import Detectors
import EdgepipeCompression
import EdgepipeCore
import EdgepipeONNX
import Foundation

/// What a model found in one picture, read in two ways from one run.
struct SplitFindings {
  /// With the scores that a pipeline would use: for the agreement with the whole model.
  var sure: [Detection]
  /// With nearly all scores: for average precision.
  var all: [Detection]
}

/// Reads detections from outputs, wherever they were computed.
final class OutputReader {
  private let stored: StoredOutputs
  private let sure: Detector
  private let all: Detector

  /// - Parameter session: of the whole model.
  init(_ manifest: ModelManifest, like session: any InferenceSession) throws {
    stored = StoredOutputs(like: session)
    sure = try Detector(session: stored, manifest: manifest, options: DetectorOptions(score: 0.4, iou: 0.45))
    all = try Detector(
      session: stored, manifest: manifest, options: DetectorOptions(score: 0.001, iou: 0.65, maxDetections: 300))
  }

  func read(_ outputs: [String: GraphTensor], _ input: ModelInput) throws -> SplitFindings {
    try stored.take(outputs)
    return try SplitFindings(sure: sure.detect(input), all: all.detect(input))
  }
}

extension GraphTensor {
  /// A picture as a model takes it.
  init(_ name: String, _ tensor: Tensor) {
    let element: Int32 =
      switch tensor.element {
      case .float32: OnnxElement.float
      case .uint8: OnnxElement.uint8
      case .float16: Int32(Onnx_TensorProto.DataType.float16.rawValue)
      }
    // SAFETY: the bytes are copied while they are lent; a pooled buffer may be longer than the tensor.
    let bytes = unsafe tensor.buffer.withBytes {
      unsafe Array($0.prefix(tensor.elementCount * tensor.element.byteCount))
    }
    self.init(name: name, element: element, shape: tensor.shape, bytes: bytes)
  }
}
