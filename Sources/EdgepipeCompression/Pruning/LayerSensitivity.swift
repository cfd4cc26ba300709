import Detectors
import EdgepipeCore
import EdgepipeONNX

/// How much a model's outputs depend on each of its convolutions: the error of the outputs for a small error of the
/// convolution.
///
/// Every weight of one convolution is changed by a tenth of itself, up or down by chance, which is an error of a
/// hundredth of the variance that independent inputs give; then the outputs are compared with those of the model as it
/// was. Errors count in units of each channel's own variance, and places by how far they are from the mean of all:
/// there the objects are, few among thousands.
struct LayerSensitivity {
  /// The outputs of the model as it was, by picture. Channels are the last dimension of an output, or the second of
  /// four.
  private struct Reference: Sendable {
    var values: [Int: [[Float]]] = [:]
    var shapes: [[Int]] = []
  }

  private static let change: Float = 0.1

  let probe: TensorProbe
  let seed: UInt64

  /// - Parameters:
  ///   - inputs: some pictures, best with objects.
  ///   - progress: called before each convolution.
  /// - Returns: for each convolution the error of the outputs as a multiple of the error of the convolution.
  func measure(
    _ convolutions: [ConvolutionNode], of model: OnnxModel, inputs: CalibrationPictures, progress: (Int) throws -> Void
  ) throws -> [Double] {
    let outputs = model.proto.graph.output.map(\.name)
    let references = try probe.accumulate(outputs, of: model, inputs: inputs, initial: Reference()) {
      reference, picture, outputs in
      reference.shapes = outputs.map(\.shape)
      // SAFETY: copied while the outputs are lent.
      reference.values[picture] = outputs.map { unsafe Array($0.values) }
    }
    let shapes = references.first?.shapes ?? []
    var values: [Int: [[Float]]] = [:]
    for reference in references { values.merge(reference.values) { first, _ in first } }
    let known = values
    let stored = model.storedTensors()
    let scales = shapes.indices.map { index in
      Scale(known.keys.sorted().compactMap { known[$0]?[index] }, Layout(shapes[index]))
    }
    return try convolutions.enumerated().map { index, convolution in
      try progress(index)
      var random = SplitMix64(seed: seed &+ UInt64(index))
      var weights = try convolution.weights(stored: stored, modelName: model.name)
      for place in weights.values.indices {
        weights.values[place] *= random.next() & 1 == 0 ? 1 - Self.change : 1 + Self.change
      }
      var changed = model
      changed.replaceWeights([(convolution, weights)])
      let errors = try probe.accumulate(outputs, of: changed, inputs: inputs, initial: 0.0) { sum, picture, outputs in
        guard let reference = known[picture] else { return }
        for (place, output) in outputs.enumerated() where output.shape.reduce(1, *) == reference[place].count {
          sum += Self.error(output, reference[place], scales[place])
        }
      }
      return errors.reduce(0, +) / Double(max(1, inputs.count)) / Double(Self.change * Self.change)
    }
  }

  /// Where a value's channel and place are: channel = index / inner % count.
  private struct Layout {
    let count: Int
    let inner: Int

    init(_ shape: [Int]) {
      let isPlanar = shape.count == 4
      count = max(1, isPlanar ? shape[1] : shape.last ?? 1)
      inner = max(1, isPlanar ? shape[2] * shape[3] : 1)
    }

    func channel(_ index: Int) -> Int { index / inner % count }
    func place(_ index: Int) -> Int { index / (inner * count) * inner + index % inner }
  }

  /// For each channel: its mean, and one by its variance over all values, at least a hundredth of the mean variance.
  private struct Scale: Sendable {
    var means: [Double]
    var factors: [Double]

    init(_ samples: [[Float]], _ layout: Layout) {
      var sums = [Double](repeating: 0, count: layout.count), squares = sums, counts = sums
      for sample in samples {
        for (index, value) in sample.enumerated() {
          let channel = layout.channel(index)
          sums[channel] += Double(value)
          squares[channel] += Double(value) * Double(value)
          counts[channel] += 1
        }
      }
      let means = sums.indices.map { sums[$0] / max(1, counts[$0]) }
      let variances = sums.indices.map { max(0, squares[$0] / max(1, counts[$0]) - means[$0] * means[$0]) }
      let floor = max(variances.reduce(0, +) / Double(max(1, variances.count)) * 0.01, 1e-12)
      self.means = means
      factors = variances.map { 1 / ($0 + floor) }
    }
  }

  private static func error(_ output: ModelOutputs.Output, _ reference: [Float], _ scale: Scale) -> Double {
    let layout = Layout(output.shape)
    let places = reference.count / layout.count
    var errors = [Double](repeating: 0, count: places), weights = errors
    for (index, value) in reference.enumerated() {
      let channel = layout.channel(index), place = layout.place(index)
      // SAFETY: both hold the same number of values, as the caller checked.
      let difference = unsafe Double(output.values[index] - value), deviation = Double(value) - scale.means[channel]
      errors[place] += difference * difference * scale.factors[channel]
      weights[place] += deviation * deviation * scale.factors[channel]
    }
    return zip(errors, weights).reduce(0) { $0 + $1.0 * $1.1 } / max(weights.reduce(0, +), 1e-12)
  }
}
