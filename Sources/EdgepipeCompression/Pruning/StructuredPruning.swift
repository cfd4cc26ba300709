import Detectors
package import EdgepipeONNX
import Foundation

/// Takes whole channels out of a convolutional detector and fits the layers that remain to the original's outputs,
/// without training it again (``ChannelGraph``, ``ChannelSelection``, ``LayerRefit``).
///
/// Batch normalization must have been folded before (``GraphPasses``). The same model comes out for the same pictures,
/// options and seed.
package struct StructuredPruning {
  /// How channels are compared.
  package enum Importance: String, Sendable, CaseIterable {
    /// By the norm of their filters.
    case l2
    /// By what the layers behind them cannot make up for, and how much the model's outputs depend on those.
    case reconstruction
  }

  package struct Options: Sendable {
    /// The share of the multiplications that is to go, 0 to 1.
    var ratio: Double
    var importance: Importance
    /// Layers lose channels in bundles of so many, so that widths suit the engine's kernels.
    var multiple: Int
    /// The share of its channels that a layer may lose: damages add up only while they are small, so that losses are
    /// spread.
    var layerLimit: Double
    var refit: LayerRefit.Options

    /// - Parameter layerLimit: nil: a tenth and one and a half times the ratio, at most nine tenths.
    package init(
      ratio: Double, importance: Importance = .reconstruction, multiple: Int = 8, layerLimit: Double? = nil,
      refit: LayerRefit.Options = LayerRefit.Options(includesDepthwise: false)
    ) {
      self.ratio = ratio
      self.importance = importance
      self.multiple = multiple
      self.layerLimit = layerLimit ?? min(0.9, 0.1 + 1.5 * ratio)
      self.refit = refit
    }
  }

  package struct Result: Sendable {
    package var model: OnnxModel
    package var before: ModelCost
    package var after: ModelCost
    /// Of the dense convolutions.
    var channelsBefore: Int
    var channelsAfter: Int
    /// What became of the layers that were refitted.
    package var layers: [LayerRefit.Layer]
  }

  private let engine: any InferenceEngine
  private let options: Options

  init(engine: any InferenceEngine, options: Options) {
    self.engine = engine
    self.options = options
  }

  /// - Parameters:
  ///   - model: graph passes applied.
  ///   - inputs: calibration pictures; some hundreds.
  ///   - progress: told the share that is done, 0 to 1; throwing ends the work.
  /// - Throws: a ``PipelineError`` when the model is not sound, when it has no channels that could go, or from the
  ///   engine.
  func prune(
    _ model: OnnxModel, inputs: CalibrationPictures, progress: (Double) throws -> Void = { _ in }
  ) throws -> Result {
    try PruningAnalysis(model, engine: engine, inputs: inputs, options: options.refit) { try progress(0.3 * $0) }
      .prune(options, inputs: inputs) { try progress(0.3 + 0.7 * $0) }
  }
}
