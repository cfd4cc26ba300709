import Pipeline

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
  /// - Throws: a ``PipelineError`` when padding would not mean zero.
  init(_ float: FloatConvolution, input: TensorScale, output: TensorScale, means: [Double]?) throws {
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
      throw PipelineError("a padded convolution reads channels with different zeros", exit: .software)
    }
    let shifts = (0..<float.outputs).map { Double(float.bias[$0]) - output.offsets[$0] }
    let weights = IntegerWeights(
      scaled, outputs: float.outputs, order: order, floors: shifts.map { abs($0) / Double(1 << 29) })
    self.weights = weights
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
}
