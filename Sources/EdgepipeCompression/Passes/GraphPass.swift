import Detectors
import EdgepipeONNX

/// A rewriting of a model that changes its cost and not its results.
protocol GraphPass: Sendable {
  /// What reports call it.
  var name: String { get }

  /// True when every output keeps every bit. Others round differently: the same sums in another order, or factors that
  /// were multiplied beforehand.
  var isExact: Bool { get }

  /// Rewrites the model in place as often as the pass fits.
  ///
  /// - Returns: how many places were rewritten.
  func apply(to model: inout OnnxModel) -> Int
}

enum GraphPasses {
  /// The passes in the order in which they help each other.
  ///
  /// - Parameter engine: computes what depends on stored tensors alone; without one that stays as it is.
  static func all(engine: (any InferenceEngine)?) -> [any GraphPass] {
    let folding: [any GraphPass] = engine.map { [ConstantFolding(engine: $0)] } ?? []
    return [WeightsAmongInputs(), ConstantsToInitializers()] + folding + [
      IdentityElimination(), CommonSubexpressions(), ActivationForms(), GatedActivationForms(),
      BatchNormalizationFolding(), ChannelFactorFolding(), SpaceToDepthStem(), ActivationBeforeConcatenation(),
      PoolingCascade(), DeadNodeElimination(),
    ]
  }

  /// Applies all passes; the result says what each rewrote.
  ///
  /// A model that chooses among its results (``OnnxModel/choosesResults``) gets only those that keep every bit: a
  /// difference in the last one could change which boxes it gives, and how many.
  @discardableResult
  static func apply(
    to model: inout OnnxModel, engine: (any InferenceEngine)? = nil
  ) -> [(name: String, count: Int)] {
    let wantsBits = model.choosesResults
    return all(engine: engine).map { pass in
      (pass.name, pass.isExact || !wantsBits ? pass.apply(to: &model) : 0)
    }
  }
}
