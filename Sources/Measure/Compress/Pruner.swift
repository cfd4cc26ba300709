package import EdgepipeCompression
package import EdgepipeONNX

/// What pruning takes out of a model.
package enum PruningMethod: String, CaseIterable, Sendable {
  /// Whole channels.
  case structured
  /// Single weights.
  case unstructured
}

/// Either method of pruning behind one function.
package struct Pruner {
  package struct Result {
    package var model: OnnxModel
    package var before: ModelCost
    package var after: ModelCost
    /// How many layers were refitted.
    package var refitted: Int
    /// The share of the multiplications, or of the weights, that is gone.
    package var saved: Double
  }

  private let analysis: PruningAnalysis
  private let inputs: CalibrationPictures
  private let refit: LayerRefit.Options
  let method: PruningMethod
  let importance: StructuredPruning.Importance

  package init(
    _ analysis: PruningAnalysis, inputs: CalibrationPictures, method: PruningMethod,
    importance: StructuredPruning.Importance, refit: LayerRefit.Options
  ) {
    (self.analysis, self.inputs, self.refit) = (analysis, inputs, refit)
    (self.method, self.importance) = (method, importance)
  }

  /// - Parameter progress: called with the share of the work that is done.
  package func prune(ratio: Double, progress: @escaping @Sendable (Double) -> Void) throws -> Result {
    switch method {
    case .structured:
      let result = try analysis.prune(
        StructuredPruning.Options(ratio: ratio, importance: importance, refit: refit), inputs: inputs,
        progress: progress)
      return Result(
        model: result.model, before: result.before, after: result.after, refitted: result.layers.count,
        saved: 1 - result.after.multiplications / max(1, result.before.multiplications))
    case .unstructured:
      let result = try analysis.prune(
        UnstructuredPruning.Options(ratio: ratio, importance: importance, refit: refit), inputs: inputs,
        progress: progress)
      return Result(
        model: result.model, before: result.before, after: result.after, refitted: result.layers.count,
        saved: 1 - Double(result.after.nonzero) / Double(max(1, result.before.nonzero)))
    }
  }
}
