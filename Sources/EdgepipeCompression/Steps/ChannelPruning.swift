import EdgepipeCore
/// Structured pruning (``StructuredPruning``): whole channels go, and the layers that are left are fitted to what the model
/// gave before.
struct ChannelPruning: CompressionStep {
  static let name = "structured-pruning"
  static let summary = "Removes channels and refits the remaining layers, without training."
  static let version = 1
  static let amount: StepAmount? = StepAmount(
    meaning: "share of the multiplications", range: 0.01...0.9, standard: 0.1)

  private let ratio: Double

  init(amount: Double?) { ratio = amount ?? 0.1 }

  func apply(
    to candidate: CompressionCandidate, in context: CompressionContext
  ) throws -> CompressionCandidate {
    var result = try PruningInput(candidate, context)
    let pruned = try StructuredPruning(engine: context.engine, options: .init(ratio: ratio)).prune(
      result.candidate.model, inputs: result.pictures, progress: context.progressOfShare)
    let before = pruned.before.multiplications, after = pruned.after.multiplications
    result.candidate.note =
      "\(pruned.channelsBefore - pruned.channelsAfter) of \(pruned.channelsBefore) channels and "
      + "\(Figure.percent(1 - after / max(1, before))) of the multiplications removed"
    return result.replaced(by: pruned.model)
  }
}
