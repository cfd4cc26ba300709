import ModelTools

/// Either method of pruning behind one function.
struct Pruner {
  struct Result {
    var model: OnnxModel
    var before: ModelCost
    var after: ModelCost
    var refitted: Int
    /// The share of the multiplications, or of the weights, that is gone.
    var saved: Double
  }

  let analysis: PruningAnalysis
  let inputs: CalibrationPictures
  let method: PruneCommand.Method
  let importance: StructuredPruning.Importance
  let refit: LayerRefit.Options
  let line: ProgressLine

  func prune(ratio: Double) throws -> Result {
    line.start("pruning by \(Int((ratio * 100).rounded())) % and refitting layers")
    func show(_ share: Double) { line.show(Int(share * 1000), of: 1000) }
    switch method {
    case .structured:
      let result = try analysis.prune(
        StructuredPruning.Options(ratio: ratio, importance: importance, refit: refit), inputs: inputs, progress: show)
      return Result(
        model: result.model, before: result.before, after: result.after, refitted: result.layers.count,
        saved: 1 - result.after.multiplications / max(1, result.before.multiplications))
    case .unstructured:
      let result = try analysis.prune(
        UnstructuredPruning.Options(ratio: ratio, importance: importance, refit: refit), inputs: inputs, progress: show)
      return Result(
        model: result.model, before: result.before, after: result.after, refitted: result.layers.count,
        saved: 1 - Double(result.after.nonzero) / Double(max(1, result.before.nonzero)))
    }
  }
}
