import Detectors
import EdgepipeONNX

/// What pruning and fitting start from: a float model with batch normalization folded, and pictures.
struct PruningInput {
  var candidate: CompressionCandidate
  let pictures: CalibrationPictures

  /// - Throws: ``StepRefusal`` for models that are not float, and for too few pictures.
  init(_ candidate: CompressionCandidate, _ context: CompressionContext) throws {
    guard candidate.manifest.precision == "float32" else {
      throw StepRefusal(
        "the model is already \(candidate.manifest.precision); only float weights can be pruned and fitted")
    }
    guard context.pictures.count >= 4 else {
      throw StepRefusal(
        "\(context.pictures.count) calibration pictures are too few to fit layers; give a few hundred")
    }
    self.candidate = candidate
    try self.candidate.model.prepare(head: candidate.manifest.head, simplifyingWith: context.engine)
    pictures = CalibrationPictures(context.pictures.map(\.tensor), format: candidate.manifest.input)
  }

  func replaced(by model: OnnxModel) -> CompressionCandidate {
    var result = candidate
    (result.model, result.shapes) = (model, model)
    return result
  }
}

extension CompressionContext {
  /// The same for work that tells its share from 0 to 1.
  var progressOfShare: (Double) throws -> Void { { try progress(Int($0 * 1000), 1000) } }
}
