/// Rounds the weights of one output so that the output stays close, rather than each weight: what rounding one weight adds
/// to the output, the weights that are still to be rounded take back as far as the inputs vary together.
///
/// The method is GPTQ's (E. Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained
/// Transformers", 2022): with U'U the inverse of the inputs' second moments, U upper triangular, rounding weight k by e
/// moves every later weight j by -e U(k,j) / U(k,k).
struct ErrorFeedback: Sendable {
  let depth: Int
  /// U, row-major.
  private let upper: [Double]

  /// Nil where the moments say nothing, for inputs that are always zero.
  ///
  /// - Parameter moments: of the inputs, in the order in which weights are rounded; row-major.
  init?(moments: [Double], depth: Int) {
    var damped = moments
    let trace = (0..<depth).reduce(0) { $0 + moments[$1 * depth + $1] }
    guard trace > 0, trace.isFinite else { return nil }
    // One hundredth of the mean: inputs that hardly vary on these pictures may on others.
    for index in 0..<depth { damped[index * depth + index] += 0.01 * trace / Double(depth) }
    guard let inverse = Cholesky(damped, order: depth)?.inverse(), let root = Cholesky(inverse, order: depth) else {
      return nil
    }
    self.depth = depth
    upper = root.transposed
  }

  /// - Parameters:
  ///   - weights: in steps of the output's scale, in order.
  ///   - allowed: the whole numbers that may stand at a place, given the one before it.
  func round(_ weights: [Double], allowed: (_ place: Int, _ previous: Double) -> ClosedRange<Double>) -> [Double] {
    var left = weights
    var result: [Double] = []
    result.reserveCapacity(depth)
    for place in 0..<depth {
      let range = allowed(place, result.last ?? 0)
      let rounded = min(max(left[place].rounded(), range.lowerBound), range.upperBound)
      result.append(rounded)
      let error = (left[place] - rounded) / upper[place * depth + place]
      VectorMath.addScaled(
        &left, at: place, -error, upper, from: place * depth + place, count: depth - place)
    }
    return result
  }
}
