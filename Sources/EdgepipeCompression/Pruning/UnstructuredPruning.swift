import Detectors
package import EdgepipeONNX
import Foundation

/// Sets single weights to zero and fits those that remain to the original's outputs (``LayerRefit``).
///
/// The file is no smaller and the model no faster: ONNX has no sparse convolution weights that an engine computes with,
/// so zeros are stored like other numbers. They help where files are compressed, on their way or on disk.
package struct UnstructuredPruning {
  package struct Options: Sendable {
    /// The share of the weights of all convolutions that becomes zero, 0 to 1, as far as the limits allow.
    var ratio: Double
    var importance: StructuredPruning.Importance
    /// The share of its weights that a layer may lose.
    var layerLimit: Double
    var refit: LayerRefit.Options

    package init(
      ratio: Double, importance: StructuredPruning.Importance = .reconstruction, layerLimit: Double = 0.9,
      refit: LayerRefit.Options = LayerRefit.Options(includesDepthwise: false)
    ) {
      self.ratio = ratio
      self.importance = importance
      self.layerLimit = layerLimit
      self.refit = refit
      self.refit.keepsZeros = true
    }
  }

  package struct Result: Sendable {
    package var model: OnnxModel
    package var before: ModelCost
    package var after: ModelCost
    package var layers: [LayerRefit.Layer]
  }

  private let engine: any InferenceEngine
  private let options: Options

  init(engine: any InferenceEngine, options: Options) {
    self.engine = engine
    self.options = options
  }

  /// Parameters and errors are those of ``StructuredPruning/prune(_:inputs:progress:)``.
  func prune(
    _ model: OnnxModel, inputs: CalibrationPictures, progress: (Double) throws -> Void = { _ in }
  ) throws -> Result {
    try PruningAnalysis(model, engine: engine, inputs: inputs, options: options.refit) { try progress(0.3 * $0) }
      .prune(options, inputs: inputs) { try progress(0.3 + 0.7 * $0) }
  }
}

extension PruningAnalysis {
  /// Sets weights to zero and refits what is left; see ``UnstructuredPruning``.
  package func prune(
    _ options: UnstructuredPruning.Options, inputs: CalibrationPictures, progress: (Double) throws -> Void
  ) throws -> UnstructuredPruning.Result {
    var thinned = model
    thinned.replaceWeights(thin(options).map { (graph.convolutions[$0.index].node, $0.weights) })
    let refitted = try LayerRefit(engine: engine, options: options.refit)
      .refit(thinned, teacher: model, inputs: inputs) { try progress(Double($0) / Double(max(1, $1))) }
    return UnstructuredPruning.Result(
      model: refitted.model, before: try cost(of: model), after: try cost(of: refitted.model), layers: refitted.layers)
  }

  /// Of the weights of all dense convolutions but the predictions, those that matter least become zero.
  private func thin(_ options: UnstructuredPruning.Options) -> [(index: Int, weights: FloatWeights)] {
    let predictions = DetectionHeads(model).predictions
    let layers = graph.convolutions.indices.filter {
      !graph.convolutions[$0].node.isDepthwise && !predictions.contains(graph.convolutions[$0].node.output)
    }
    var candidates: [(score: Double, layer: Int, place: Int)] = []
    for layer in layers {
      let scores = scores(layer, options.importance)
      let limit = Int(Double(scores.count) * options.layerLimit)
      let order = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }
      candidates += order.prefix(limit).map { (scores[$0], layer, $0) }
    }
    let whole = weights.reduce(0) { $0 + $1.values.count }
    candidates.sort { ($0.score, $0.layer, $0.place) < ($1.score, $1.layer, $1.place) }
    var thinned = weights
    for candidate in candidates.prefix(Int(Double(whole) * options.ratio)) {
      thinned[candidate.layer].values[candidate.place] = 0
    }
    return layers.filter { thinned[$0] != weights[$0] }.map { ($0, thinned[$0]) }
  }

  /// What setting each weight of a layer to zero costs: its square as a share of the layer's, or the share of the
  /// layer's variance that the other weights cannot make up for, times how much the outputs depend on the layer.
  private func scores(_ layer: Int, _ importance: StructuredPruning.Importance) -> [Double] {
    let own = weights[layer], squares = own.values.map { Double($0) * Double($0) }
    guard importance == .reconstruction, let reader = reader(layer) else {
      let whole = max(squares.reduce(0, +), Double.leastNormalMagnitude)
      return squares.map { $0 / whole }
    }
    let shares = (0..<own.shape[1]).map { reader.unpredicted($0) * sensitivities[layer] }
    return squares.enumerated().map { $1 * shares[$0 / own.kernelArea % own.shape[1]] }
  }
}
