extension IntegerConvolution {
  /// Leaves a few different values among the weights of a plain convolution, and gives back in the biases what that
  /// takes from the sums on average.
  ///
  /// - Parameter means: of the channels of its input, in steps of the input's integers above their zero.
  mutating func share(_ clusters: Int, _ convolution: FloatConvolution, means: [Double]?) {
    let found = ScalarClusters(weights.values.map { Float($0) }, count: clusters)
    let table = found.centres.map { Int(max(-127, min(127, $0.rounded()))) }
    let depth = convolution.depth, taps = convolution.taps, perOutput = convolution.shape[1]
    // As the kernel multiplies: row by row, column by column, channel by channel.
    let order = (0..<depth).map { $0 % perOutput * taps + $0 / perOutput }
    for output in 0..<convolution.outputs {
      let start = output * depth
      var row = (0..<depth).map { found.index(of: Float(weights.values[start + $0])) }
      for first in stride(from: 0, to: depth - 1, by: 2) {
        let pair = Self.safePair(row[order[first]], row[order[first + 1]], table)
        (row[order[first]], row[order[first + 1]]) = pair
      }
      var lost = 0.0
      for (place, index) in row.enumerated() {
        if let means { lost += Double(Int(weights.values[start + place]) - table[index]) * means[place / taps] }
        weights.values[start + place] = Int8(table[index])
      }
      bias[output] = Int32(max(-2e9, min(2e9, Double(bias[output]) + lost.rounded())))
    }
  }

  /// Brings the larger of two neighbours nearer to zero until 255 times both fits 16 bits (``IntegerWeights``).
  private static func safePair(_ one: Int, _ other: Int, _ table: [Int]) -> (Int, Int) {
    var (one, other) = (one, other)
    while max(table[one], 0) + max(table[other], 0) > 128 {
      if table[one] >= table[other], one > 0 { one -= 1 } else if other > 0 { other -= 1 } else { break }
    }
    while min(table[one], 0) + min(table[other], 0) < -128 {
      if table[one] <= table[other], one + 1 < table.count {
        one += 1
      } else if other + 1 < table.count {
        other += 1
      } else {
        break
      }
    }
    return (one, other)
  }
}
