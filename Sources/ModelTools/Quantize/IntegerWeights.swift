/// A convolution's weights in 8 bits, with a scale for each output.
struct IntegerWeights {
  /// In the order of the float weights.
  var values: [Int8]
  /// Real weight = scale of its output x value.
  var scales: [Double]

  /// Rounds weights: to nearest, or by what is known of the inputs.
  ///
  /// Processors without VNNI add the products of two neighbouring values in 16 bits and saturate: 255 x (a + b) must
  /// stay below 32768. Taking 7 bits for all weights would do; here each output's scale is only as large as its worst
  /// pair demands, which is finer for nearly all.
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
    values = Array(repeating: 0, count: weights.count)
    scales = Array(repeating: 1, count: outputs)
    for output in 0..<outputs {
      let row = weights[output * depth..<(output + 1) * depth]
      var limit = row.reduce(0) { max($0, abs($1)) } / 127
      for start in stride(from: 0, to: order == nil ? 0 : depth, by: 2) {
        guard let order else { break }
        let a = row[row.startIndex + order[start]]
        let b = start + 1 < depth ? row[row.startIndex + order[start + 1]] : 0
        // Rounding may add one half to each: 127 + 1 is still within 32767 / 255 = 128.5.
        limit = max(limit, (max(a, 0) + max(b, 0)) / 127, (max(-a, 0) + max(-b, 0)) / 127)
      }
      let scale = max(limit, floors[output], 1e-12)
      scales[output] = scale
      if let feedback = feedback(output), feedback.depth == depth {
        let order = order ?? Array(0..<depth)
        let rounded = feedback.round(order.map { row[row.startIndex + $0] / scale }) { place, previous in
          place % 2 == 1 && isPaired ? Self.besides(previous) : -127...127
        }
        for (place, value) in rounded.enumerated() { values[output * depth + order[place]] = Int8(value) }
        continue
      }
      for index in 0..<depth {
        values[output * depth + index] = Int8(max(-127, min(127, (row[row.startIndex + index] / scale).rounded())))
      }
    }
  }

  /// What may stand beside a weight without their products with 255 leaving 16 bits.
  private static func besides(_ other: Double) -> ClosedRange<Double> {
    max(-127, -128 - min(other, 0))...min(127, 128 - max(other, 0))
  }
}
