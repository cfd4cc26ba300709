import EdgepipeCore
import EdgepipeONNX

extension CompressionCandidate {
  /// The same model with its weights in another form.
  ///
  /// - Throws: ``StepRefusal`` where nothing of it can be stored so.
  func stored(_ form: (OnnxModel) throws -> StoredForm) throws -> CompressionCandidate {
    var result = self
    do {
      let made = try form(model)
      result.model = made.model
      result.note = "\(made.tensorCount) layers, \(Figure.text(made.bitsPerWeight, decimals: 1)) bits per weight"
    } catch let error as PipelineError where error.code.isOfData {
      throw StepRefusal(error.message)
    }
    return result
  }
}
