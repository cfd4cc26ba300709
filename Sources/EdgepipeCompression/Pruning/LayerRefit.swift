import Detectors
import EdgepipeCore
import EdgepipeONNX
import Foundation

/// Fits the layers of a damaged model, the student, to what the layers of the original, the teacher, give: layer by
/// layer, in closed form, without back-propagation.
///
/// The two share the names of their tensors; the student may be pruned, have zeros or rounded or shared weights. For
/// each convolution, from the picture on, z is what the teacher's convolution gives at sampled places of calibration
/// pictures and x what the student's convolution sees there, after all layers before it have been refitted: so errors
/// of earlier layers are corrected as well. The weights are the regression of z on x (as in Y. He, X. Zhang, J. Sun,
/// "Channel Pruning for Accelerating Very Deep Neural Networks", ICCV 2017), shrunk toward the weights that the student
/// has (``RidgeToOriginal``). Convolutions that do not depend on each other share one run of the student.
///
/// The same model comes out for the same pictures and seed. Activations of the teacher are kept in memory: places x
/// channels x 4 bytes for each layer.
package struct LayerRefit {
  package struct Options: Sendable {
    /// Places of each layer that are looked at in each picture.
    var placesPerPicture: Int
    package var seed: UInt64
    /// Zero weights stay zero: for unstructured pruning.
    var keepsZeros: Bool
    /// The share of the way from the fitted outputs' variances to the teacher's, 0 to 1: regression predicts less
    /// variance than there is (K. Jordan et al., "REPAIR", ICLR 2023).
    var varianceShare: Double
    /// Convolutions with more weights an output keep theirs: the regression would need more samples than there are.
    var maximumDepth: Int
    /// Whether depthwise convolutions are refitted as well: they change little, and each takes a run of its own.
    var includesDepthwise: Bool

    package init(
      placesPerPicture: Int = 32, seed: UInt64 = 1, keepsZeros: Bool = false, varianceShare: Double = 0,
      maximumDepth: Int = 1152, includesDepthwise: Bool = true
    ) {
      self.placesPerPicture = placesPerPicture
      self.seed = seed
      self.keepsZeros = keepsZeros
      self.varianceShare = varianceShare
      self.maximumDepth = maximumDepth
      self.includesDepthwise = includesDepthwise
    }
  }

  /// What became of one convolution.
  package struct Layer: Sendable {
    /// The name of its output.
    var name: String
    /// Mean squared error on held-out pictures as a share of the teacher's variance.
    var errorBefore: Double
    var errorAfter: Double
    /// Nil: at most the bias has changed.
    var lambda: Double?
  }

  struct Result: Sendable {
    var model: OnnxModel
    /// Refitted convolutions, in the order in which that happened.
    var layers: [Layer]
  }

  let engine: any InferenceEngine
  let options: Options

  init(engine: any InferenceEngine, options: Options = Options()) {
    self.engine = engine
    self.options = options
  }

  /// - Parameters:
  ///   - student: has float32 weights, stored in the file; convolutions with others stay as they are.
  ///   - kept: for the outputs of pruned convolutions, by name, which of the teacher's channels they still are.
  ///   - inputs: some hundreds. One in four is held out to choose how far weights may go.
  ///   - progress: told how many runs are done and how many there are; throwing ends the work.
  /// - Throws: a ``PipelineError`` when a model is not sound, or from the engine.
  func refit(
    _ student: OnnxModel, teacher: OnnxModel, kept: [String: [Int]] = [:], inputs: CalibrationPictures,
    progress: (Int, Int) throws -> Void = { _, _ in }
  ) throws -> Result {
    try inputs.check()
    let levels = try LayerLevels(student, teacher: teacher, options).levels
    var result = Result(model: student, layers: [])
    if levels.isEmpty { return result }
    let steps = levels.count + 1
    let probe = TensorProbe(engine: engine)
    try progress(0, steps)
    let targets = try TeacherTargets(
      levels.flatMap { $0 }, of: teacher, kept: kept, inputs: inputs, probe: probe,
      sampler: PatchSampler(placesPerPicture: options.placesPerPicture, seed: options.seed))
    for (index, level) in levels.enumerated() {
      try progress(index + 1, steps)
      try refit(level, of: &result, targets, inputs: inputs, probe: probe)
    }
    try progress(steps, steps)
    return result
  }

  /// The sums for each group of one convolution.
  private struct GroupMoments: Sendable {
    var fitting: [RegressionMoments]
    var heldOut: [RegressionMoments]

    init(_ convolution: ConvolutionNode) {
      let features = convolution.shape[1] * convolution.kernelArea, targets = convolution.outputs / convolution.groups
      fitting = Array(repeating: RegressionMoments(features: features, targets: targets), count: convolution.groups)
      heldOut = fitting
    }

    mutating func add(_ other: GroupMoments) {
      for group in fitting.indices {
        fitting[group].add(other.fitting[group])
        heldOut[group].add(other.heldOut[group])
      }
    }
  }

  private func refit(
    _ level: [ConvolutionNode], of result: inout Result, _ targets: TeacherTargets,
    inputs: CalibrationPictures, probe: TensorProbe
  ) throws {
    let level = level.filter { targets[$0] != nil }
    let tensors = Array(Set(level.map(\.input))).sorted()
    let places = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1, $0) })
    let model = result.model
    let states = try probe.accumulate(
      tensors, of: model, inputs: inputs, initial: level.map(GroupMoments.init)
    ) { state, picture, outputs in
      for (index, convolution) in level.enumerated() {
        guard let place = places[convolution.input], let known = targets[convolution] else { continue }
        try Self.add(
          outputs[place], of: convolution, known.sample(picture), width: known.width,
          isHeldOut: inputs.isHeldOut(picture), to: &state[index])
      }
    }
    let stored = model.storedTensors()
    var replacements: [(convolution: ConvolutionNode, weights: FloatWeights)] = []
    for (index, convolution) in level.enumerated() {
      var moments = GroupMoments(convolution)
      for state in states { moments.add(state[index]) }
      let (weights, layer) = fit(convolution, try convolution.weights(stored: stored, modelName: model.name), moments)
      replacements.append((convolution, weights))
      result.layers.append(layer)
    }
    result.model.replaceWeights(replacements)
  }

  private static func add(
    _ input: ModelOutputs.Output, of convolution: ConvolutionNode, _ sample: TeacherTargets.Sample, width: Int,
    isHeldOut: Bool, to moments: inout GroupMoments
  ) throws {
    let inputs = convolution.shape[1], outputs = convolution.outputs, own = outputs / convolution.groups
    guard input.shape.count == 4, input.shape[0] == 1, input.shape[1] == inputs * convolution.groups,
      sample.values.count == sample.places.count * outputs
    else {
      throw PipelineError(
        "tensor '\(convolution.input)' is \(input.shape), which its convolution does not take", code: .unsupported)
    }
    for group in 0..<convolution.groups {
      let x = PatchSampler.patches(
        input, group * inputs..<(group + 1) * inputs, of: convolution, at: sample.places, outputWidth: width)
      var z: [Double] = []
      z.reserveCapacity(sample.places.count * own)
      for row in sample.places.indices {
        for output in group * own..<(group + 1) * own { z.append(Double(sample.values[row * outputs + output])) }
      }
      if isHeldOut { moments.heldOut[group].add(x, z) } else { moments.fitting[group].add(x, z) }
    }
  }

  private func fit(
    _ convolution: ConvolutionNode, _ weights: FloatWeights, _ moments: GroupMoments
  ) -> (FloatWeights, Layer) {
    let own = convolution.outputs / convolution.groups, depth = weights.depth
    var result = weights
    var layer = Layer(name: convolution.output, errorBefore: 0, errorAfter: 0)
    for group in 0..<convolution.groups {
      let rows = group * own..<(group + 1) * own
      let ridge = RidgeToOriginal(
        weights: weights.values[rows.lowerBound * depth..<rows.upperBound * depth].map(Double.init),
        bias: weights.bias[rows].map(Double.init), features: depth, keepsZeros: options.keepsZeros)
      var fit = ridge.fit(moments.fitting[group], heldOut: moments.heldOut[group])
      var all = moments.fitting[group]
      all.add(moments.heldOut[group])
      fit.restoreVariances(all.centred, share: options.varianceShare)
      for (place, value) in fit.weights.enumerated() { result.values[rows.lowerBound * depth + place] = Float(value) }
      for (place, value) in fit.bias.enumerated() { result.bias[rows.lowerBound + place] = Float(value) }
      layer.errorBefore += fit.errorBefore / Double(convolution.groups)
      layer.errorAfter += fit.errorAfter / Double(convolution.groups)
      layer.lambda = layer.lambda ?? fit.lambda
    }
    return (result, layer)
  }
}
