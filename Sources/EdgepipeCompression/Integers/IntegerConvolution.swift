import EdgepipeCore

/// A convolution as the integer kernel takes it.
struct IntegerConvolution {
  var weights: IntegerWeights
  /// Output bytes a unit of the integer sum, for each output.
  var factors: [Double]
  var bias: [Int32]
  /// The byte that stands for zero in the input.
  var inputZero: Int

  /// - Parameters:
  ///   - means: of the input's channels, in real units: what rounding the weights takes away on average is given back
  ///     in the bias. Nil where they are not known.
  ///   - moments: second moments of the inputs, in real units; see ``InputMoments``. With them weights are rounded for
  ///   the
  ///     outputs' sake, and `means` are not needed.
  /// - Throws: a ``PipelineError`` when padding would not mean zero.
  init(
    _ float: FloatConvolution, input: TensorScale, output: TensorScale, means: [Double]?, moments: [[Double]] = []
  ) throws {
    let taps = float.taps, perOutput = float.shape[1]
    func channel(_ output: Int, _ index: Int) -> Int { float.isDepthwise ? output : index / taps }
    var scaled = [Double](repeating: 0, count: float.weights.count)
    for index in scaled.indices {
      let scale = input.scales[channel(index / float.depth, index % float.depth)]
      scaled[index] = Double(float.weights[index]) * scale
    }
    // The kernel multiplies row by row, column by column, channel by channel.
    let order = float.isDepthwise ? nil : (0..<float.depth).map { $0 % perOutput * taps + $0 / perOutput }
    let zero = (input.zeros.reduce(0, +) / Double(max(1, input.channels))).rounded()
    guard !float.isPadded || input.zeros.allSatisfy({ $0 == zero }) else {
      throw PipelineError("a padded convolution reads channels with different zeros", code: .internalFault)
    }
    let shifts = (0..<float.outputs).map { Double(float.bias[$0]) - output.offsets[$0] }
    let feedback = moments.enumerated().map { number, matrix in
      let places = order ?? Array(0..<float.depth)
      let scales = places.map { input.scales[channel(number, $0)] }
      var scaled = [Double](repeating: 0, count: float.depth * float.depth)
      for row in places.indices {
        for column in places.indices {
          scaled[row * float.depth + column] =
            matrix[places[row] * float.depth + places[column]] / (scales[row] * scales[column])
        }
      }
      return ErrorFeedback(moments: scaled, depth: float.depth)
    }
    let weights = IntegerWeights(
      scaled, outputs: float.outputs, order: order, floors: shifts.map { abs($0) / Double(1 << 29) },
      feedback: { feedback.isEmpty ? nil : feedback[min($0, feedback.count - 1)] })
    self.weights = weights
    let means = feedback.contains { $0 != nil } ? nil : means
    inputZero = Int(zero)
    factors = zip(weights.scales, output.scales).map { $0 / $1 }
    bias = []
    for number in 0..<float.outputs {
      let scale = weights.scales[number]
      var sum = shifts[number]
      for index in 0..<float.depth {
        let place = number * float.depth + index, source = channel(number, index)
        let rounded = Double(weights.values[place]) * scale
        sum += rounded * (zero - input.zeros[source])
        if let means { sum += (scaled[place] - rounded) * means[source] / input.scales[source] }
      }
      bias.append(Int32(max(-2e9, min(2e9, (sum / scale).rounded()))))
    }
  }

  /// All convolutions of a region but the one that reads the picture, and the last ones, by their outputs. What the
  /// last ones give is not rounded: a unit of their output is one.
  ///
  /// - Throws: a ``PipelineError`` where the layout does not suit one.
  static func all(
    _ region: IntegerRegion, _ layout: IntegerLayout, _ moments: InputMoments
  ) throws -> [String: IntegerConvolution] {
    var made: [String: IntegerConvolution] = [:]
    for step in region.steps + region.lastConvolutions where step.inputs != [region.input] {
      guard let convolution = step.convolution, let source = layout.tensors[step.inputs[0]] else { continue }
      let real = TensorScale(scales: Array(repeating: 1, count: convolution.outputs), zero: 0)
      let target = layout.tensors[step.output] ?? real
      made[step.output] = try IntegerConvolution(
        convolution, input: source, output: target, means: layout.means[step.inputs[0]],
        moments: moments.matrices[step.output] ?? [])
    }
    return made
  }
}
