package import Detectors
import EdgepipeCore
package import EdgepipeONNX
import Foundation

/// What is to be known of a model before anything is taken out of it, whatever the ratio: which channels hang together,
/// what the layers see on calibration pictures, and how much the outputs depend on each of them.
package struct PruningAnalysis {
  let model: OnnxModel
  let graph: ChannelGraph
  /// Of each convolution of the graph.
  let weights: [FloatWeights]
  /// Height times width of each convolution's output.
  let areas: [Int]
  /// Covariances of each dense convolution's input channels; nil for depthwise ones.
  let covariances: [[Double]?]
  /// Of each convolution; zero for depthwise ones, in which nothing is chosen.
  let sensitivities: [Double]
  let engine: any InferenceEngine

  /// Pictures on which sensitivities are measured.
  private static let probes = 8

  /// - Parameters:
  ///   - model: graph passes applied.
  ///   - inputs: calibration pictures.
  ///   - progress: told the share that is done, 0 to 1.
  /// - Throws: a ``PipelineError`` when the model is not sound or has nothing to prune, or from the engine.
  package init(
    _ model: OnnxModel, engine: any InferenceEngine, inputs: CalibrationPictures, options: LayerRefit.Options,
    progress: (Double) throws -> Void
  ) throws {
    let graph = try ChannelGraph(model), convolutions = graph.convolutions.map(\.node)
    guard !convolutions.isEmpty else {
      throw PipelineError(
        "model '\(model.name)' has no convolutions with stored float32 weights", remedy: "name a float32 detector",
        code: .unsupported)
    }
    try inputs.check()
    self.model = model
    self.graph = graph
    self.engine = engine
    let stored = model.storedTensors()
    weights = try convolutions.map { try $0.weights(stored: stored, modelName: model.name) }
    try progress(0)
    let probe = TensorProbe(engine: engine)
    let seen = try Self.analyse(convolutions, of: model, inputs, probe, options)
    areas = seen.areas
    covariances = zip(convolutions, seen.moments).map { $0.isDepthwise ? nil : $1.centred.covariance }
    try progress(0.2)
    let dense = convolutions.filter { !$0.isDepthwise }
    var measured = try LayerSensitivity(probe: probe, seed: options.seed)
      .measure(dense, of: model, inputs: inputs.some(Self.probes)) {
        try progress(0.2 + 0.8 * Double($0) / Double(max(1, dense.count)))
      }[...]
    sensitivities = convolutions.map { $0.isDepthwise ? 0 : measured.popFirst() ?? 0 }
    try progress(1)
  }

  /// What the layers see and how large what they give is.
  private struct Seen: Sendable {
    var moments: [RegressionMoments]
    var areas: [Int]
  }

  private static func analyse(
    _ convolutions: [ConvolutionNode], of model: OnnxModel, _ inputs: CalibrationPictures, _ probe: TensorProbe,
    _ options: LayerRefit.Options
  ) throws -> Seen {
    let sampler = PatchSampler(placesPerPicture: options.placesPerPicture, seed: options.seed)
    let names = Array(Set(convolutions.flatMap { [$0.input, $0.output] })).sorted()
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    let initial = Seen(
      moments: convolutions.map { RegressionMoments(features: $0.isDepthwise ? 0 : $0.shape[1], targets: 0) },
      areas: Array(repeating: 0, count: convolutions.count))
    let states = try probe.accumulate(names, of: model, inputs: inputs, initial: initial) { seen, picture, outputs in
      for (index, convolution) in convolutions.enumerated() {
        guard let from = places[convolution.input], let to = places[convolution.output],
          outputs[from].shape.count == 4, outputs[to].shape.count == 4
        else { continue }
        seen.areas[index] = outputs[to].shape[2] * outputs[to].shape[3]
        let channels = outputs[from].shape[1], area = outputs[from].shape[2] * outputs[from].shape[3]
        guard !convolution.isDepthwise, channels == convolution.shape[1] else { continue }
        let values = PatchSampler.values(
          outputs[from], Array(0..<channels), at: sampler.places(in: area, picture: picture))
        seen.moments[index].add(values.map(Double.init), [])
      }
    }
    return states.dropFirst().reduce(states[0]) { sum, state in
      var sum = sum
      for index in sum.moments.indices {
        sum.moments[index].add(state.moments[index])
        sum.areas[index] = max(sum.areas[index], state.areas[index])
      }
      return sum
    }
  }

  /// Multiplications for one picture and parameters of the convolutions of `changed`, which has the graph of the model.
  func cost(of changed: OnnxModel) throws -> ModelCost {
    let stored = changed.storedTensors()
    var cost = ModelCost(multiplications: 0, parameters: 0, nonzero: 0)
    for (index, area) in zip(graph.convolutions.map(\.node.node), areas) {
      guard
        let convolution = try ConvolutionNode(
          changed.proto.graph.node[index], at: index, stored: stored, modelName: changed.name)
      else { continue }
      let weights = try convolution.weights(stored: stored, modelName: changed.name)
      cost.multiplications += Double(area) * Double(weights.values.count)
      cost.parameters += weights.values.count + weights.bias.count
      cost.nonzero += weights.values.count { $0 != 0 } + weights.bias.count { $0 != 0 }
    }
    return cost
  }
}

extension PruningAnalysis {
  /// Takes channels out and refits what is left; see ``StructuredPruning``.
  package func prune(
    _ options: StructuredPruning.Options, inputs: CalibrationPictures, progress: (Double) throws -> Void
  ) throws -> StructuredPruning.Result {
    let surgery = try surgery(options)
    var cut = model
    try surgery.cut(&cut)
    let kept = Dictionary(
      graph.convolutions.map { ($0.node.output, surgery.kept($0.outputs)) }, uniquingKeysWith: { first, _ in first })
    let refitted = try LayerRefit(engine: engine, options: options.refit)
      .refit(cut, teacher: model, kept: kept, inputs: inputs) { try progress(Double($0) / Double(max(1, $1))) }
    let channels = graph.convolutions.filter { !$0.node.isDepthwise }.flatMap(\.outputs)
    return StructuredPruning.Result(
      model: refitted.model, before: try cost(of: model), after: try cost(of: refitted.model),
      channelsBefore: channels.count, channelsAfter: surgery.kept(channels).count, layers: refitted.layers)
  }

  /// Which channels go.
  ///
  /// - Throws: a ``PipelineError`` (`malformed`) when none can.
  func surgery(_ options: StructuredPruning.Options) throws -> ChannelSurgery {
    var selection = ChannelSelection(
      graph, weights: weights, areas: areas, multiple: options.multiple, layerLimit: options.layerLimit,
      damage: damage(options.importance))
    selection.choose(share: options.ratio)
    guard !selection.removed.isEmpty else {
      throw PipelineError(
        "model '\(model.name)' has no channels that can be removed in groups of \(options.multiple)",
        remedy: "use the method 'unstructured', or keep the model unchanged", code: .unsupported)
    }
    return ChannelSurgery(graph: graph, removed: selection.removed)
  }

  /// What a dense convolution reads; nil for a depthwise one.
  func reader(_ index: Int) -> ChannelReader? {
    covariances[index].flatMap { covariance in
      ChannelReader(
        roots: graph.convolutions[index].inputs.map(graph.root), weights: weights[index], covariance: covariance)
    }
  }

  private func damage(_ importance: StructuredPruning.Importance) -> ChannelSelection.Damage {
    guard importance == .reconstruction else { return .norm }
    var readers: [ChannelReader] = [], weighted: [Double] = []
    for index in graph.convolutions.indices {
      guard let reader = reader(index) else { continue }
      readers.append(reader)
      weighted.append(sensitivities[index])
    }
    return .reconstruction(readers: readers, sensitivities: weighted)
  }
}
