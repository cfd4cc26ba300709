import EdgepipeCore
/// Unstructured pruning (``UnstructuredPruning``): single weights become zero, and the others are fitted to what the model
/// gave before.
struct WeightPruning: CompressionStep {
  static let name = "unstructured-pruning"
  static let summary = "Sets single weights to zero and refits the others; zeros are not faster here."
  static let version = 1
  static let amount: StepAmount? = StepAmount(meaning: "share of the weights", range: 0.01...0.95, standard: 0.4)

  private let ratio: Double

  init(amount: Double?) { ratio = amount ?? 0.4 }

  func apply(
    to candidate: CompressionCandidate, in context: CompressionContext
  ) throws -> CompressionCandidate {
    var result = try PruningInput(candidate, context)
    let pruned = try UnstructuredPruning(engine: context.engine, options: .init(ratio: ratio)).prune(
      result.candidate.model, inputs: result.pictures, progress: context.progressOfShare)
    let before = pruned.before.nonzero, after = pruned.after.nonzero
    result.candidate.note = "\(Figure.percent(1 - Double(after) / Double(max(1, before)))) of the weights are zero"
    return result.replaced(by: pruned.model)
  }
}
