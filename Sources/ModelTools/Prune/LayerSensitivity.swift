import Detectors
import Pipeline

/// How much a model's outputs depend on each of its convolutions: the error of the outputs for a small error of the
/// convolution.
///
/// Every weight of one convolution is changed by a tenth of itself, up or down by chance, which is an error of a hundredth
/// of the variance that independent inputs give; then the outputs are compared with those of the model as it was. Each
/// channel of an output counts by its own variance, so that rare objects weigh as much as boxes do.
struct LayerSensitivity {
  /// The last dimension holds an output's channels, or the second of four.
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
    _ convolutions: [ConvolutionNode], of model: OnnxModel, inputs: [Tensor], progress: (Int) throws -> Void
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
      Self.scales(known.keys.sorted().compactMap { known[$0]?[index] }, shape: shapes[index])
    }
    return try convolutions.enumerated().map { index, convolution in
      try progress(index)
      var random = SplitMix(state: seed &+ UInt64(index))
      var weights = try convolution.weights(of: model, stored: stored)
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

  /// Where a value's channel is: index / inner % count.
  private static func layout(_ shape: [Int]) -> (count: Int, inner: Int) {
    if shape.count == 4 { return (max(1, shape[1]), max(1, shape[2] * shape[3])) }
    return (max(1, shape.last ?? 1), 1)
  }

  /// For each channel: one by its variance over all values, at least a hundredth of the mean variance.
  private static func scales(_ samples: [[Float]], shape: [Int]) -> [Double] {
    let layout = layout(shape)
    var sums = [Double](repeating: 0, count: layout.count), squares = sums, counts = sums
    for sample in samples {
      for (index, value) in sample.enumerated() {
        let channel = index / layout.inner % layout.count
        sums[channel] += Double(value)
        squares[channel] += Double(value) * Double(value)
        counts[channel] += 1
      }
    }
    let variances = sums.indices.map { channel in
      let count = max(1, counts[channel]), mean = sums[channel] / count
      return max(0, squares[channel] / count - mean * mean)
    }
    let floor = max(variances.reduce(0, +) / Double(max(1, variances.count)) * 0.01, 1e-12)
    return variances.map { 1 / ($0 + floor) }
  }

  private static func error(_ output: ModelOutputs.Output, _ reference: [Float], _ scales: [Double]) -> Double {
    let layout = layout(output.shape)
    var sums = [Double](repeating: 0, count: layout.count)
    for (index, value) in reference.enumerated() {
      // SAFETY: both hold the same number of values, as the caller checked.
      let difference = unsafe Double(output.values[index] - value)
      sums[index / layout.inner % layout.count] += difference * difference
    }
    let count = Double(max(1, reference.count / layout.count))
    return zip(sums, scales).reduce(0) { $0 + $1.0 / count * $1.1 }
  }
}
