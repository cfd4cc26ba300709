/// A convolution's weights in 8 bits, with a scale for each output.
struct IntegerWeights {
  /// In the order of the float weights.
  var values: [Int8]
  /// Real weight = scale of its output x value.
  var scales: [Double]

  /// Rounds weights: to nearest, or by what is known of the inputs.
  ///
  /// Processors without VNNI add the products of two neighbouring values in 16 bits and saturate: 255 x (a + b) must
  /// stay below 32768. Taking 7 bits for all weights would do. Here each output's scale is the one that loses the least
  /// (``leastSquares``), and only the pairs that are too large for it are cut down.
  ///
  /// - Parameters:
  ///   - weights: outputs x depth values.
  ///   - order: where the k-th factor that the kernel multiplies lies in an output's weights: neighbours in this order
  ///     are the pairs. Nil: no pairs, the whole of 8 bits.
  ///   - floors: the smallest scale allowed to each output, so that its bias fits 32 bits.
  ///   - feedback: how to round each output, in the kernel's order; nil for to nearest.
  init(
    _ weights: [Double], outputs: Int, order: [Int]?, floors: [Double],
    feedback: (_ output: Int) -> ErrorFeedback? = { _ in nil }
  ) {
    let depth = weights.count / max(1, outputs), isPaired = order != nil
    let order = order ?? Array(0..<depth)
    values = Array(repeating: 0, count: weights.count)
    scales = Array(repeating: 1, count: outputs)
    for output in 0..<outputs {
      let row = order.map { weights[output * depth + $0] }
      let scale = max(Self.leastSquares(row, isPaired), floors[output], 1e-12)
      scales[output] = scale
      let steps = row.map { $0 / scale }
      let rounded: [Double]
      if let feedback = feedback(output), feedback.depth == depth {
        rounded = feedback.round(steps) { place, previous in
          place % 2 == 1 && isPaired ? Self.besides(previous) : -127...127
        }
      } else {
        rounded = Self.nearest(steps, isPaired)
      }
      for (place, value) in rounded.enumerated() { values[output * depth + order[place]] = Int8(value) }
    }
  }

  /// The smallest scale at which nothing has to be cut down.
  private static func safe(_ row: [Double], _ isPaired: Bool) -> Double {
    var most = row.reduce(0) { max($0, abs($1)) }
    // Rounding may add one half to each: 127 + 1 is still within 32767 / 255 = 128.5.
    for place in stride(from: 1, to: isPaired ? row.count : 0, by: 2) {
      let a = row[place - 1], b = row[place]
      most = max(most, max(a, 0) + max(b, 0), max(-a, 0) + max(-b, 0))
    }
    return most / 127
  }

  /// The scale with the least squared error of the weights: where few pairs are large, it is better to cut them down a
  /// little than to take coarser steps for all others.
  private static func leastSquares(_ row: [Double], _ isPaired: Bool) -> Double {
    let whole = safe(row, isPaired)
    guard whole > 0 else { return whole }
    var best = (error: Double.infinity, scale: whole)
    for part in 0..<Self.trials {
      let scale = whole * (1 - 0.5 * Double(part) / Double(Self.trials))
      let steps = row.map { $0 / scale }, rounded = nearest(steps, isPaired)
      var error = 0.0
      for place in steps.indices { error += (steps[place] - rounded[place]) * (steps[place] - rounded[place]) }
      if error * scale * scale < best.error { best = (error * scale * scale, scale) }
    }
    return best.scale
  }

  /// Scales that are tried, from the safe one down to half of it.
  private static let trials = 16

  /// Rounds each to the nearest value that is allowed to it and to its neighbour.
  private static func nearest(_ steps: [Double], _ isPaired: Bool) -> [Double] {
    var result = steps.map { max(-127, min(127, $0.rounded())) }
    for place in stride(from: 1, to: isPaired ? result.count : 0, by: 2) {
      let sum = result[place - 1] + result[place]
      guard abs(sum) > 128 else { continue }
      // Both give way by the same amount, which costs the least squares.
      let excess = (abs(steps[place - 1] + steps[place]) - 128) / 2
      let fit = max(-127, min(127, (steps[place - 1] + (sum < 0 ? excess : -excess)).rounded()))
      let range = besides(fit)
      result[place - 1] = fit
      result[place] = max(range.lowerBound, min(range.upperBound, result[place]))
    }
    return result
  }

  /// What may stand beside a weight without their products with 255 leaving 16 bits.
  private static func besides(_ other: Double) -> ClosedRange<Double> {
    max(-127, -128 - min(other, 0))...min(127, 128 - max(other, 0))
  }
}
