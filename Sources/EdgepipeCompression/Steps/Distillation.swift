/// Layer-wise distillation (``LayerRefit``): the layers of a model that was changed are fitted, in closed form, to what the
/// float model's layers give.
struct Distillation: CompressionStep {
  static let name = "distillation"
  static let summary = "Fits the layers of a changed float model to the original's outputs, without training."
  static let version = 1
  static let amount: StepAmount? = nil

  init(amount: Double?) {}

  func apply(
    to candidate: CompressionCandidate, in context: CompressionContext
  ) throws -> CompressionCandidate {
    var result = try PruningInput(candidate, context)
    let teacher = try PruningInput(context.original, context).candidate.model
    let refitted = try LayerRefit(engine: context.engine, options: .init(keepsZeros: true)).refit(
      result.candidate.model, teacher: teacher, inputs: result.pictures, progress: context.progress)
    guard !refitted.layers.isEmpty else {
      throw StepRefusal("its layers are those of the float model: there is nothing to fit")
    }
    result.candidate.note = "\(refitted.layers.count) layers fitted"
    return result.replaced(by: refitted.model)
  }
}
