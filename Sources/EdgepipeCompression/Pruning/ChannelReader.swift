/// A convolution that reads channels, and what it loses when some are gone.
///
/// The damage of a channel is the part of it that the other channels do not predict, times the energy of its weights
/// here, as a share of the variance of all that the convolution gives. The unpredicted part is 1 / (S^-1)_cc with S the
/// covariance of the input's channels; when a channel is gone, S^-1 loses its row and column by one step of Gaussian
/// elimination (the "optimal brain surgeon" of B. Hassibi, D. Stork, 1993, for channels).
struct ChannelReader: Sendable {
  let roots: [ChannelGraph.Channel]
  /// Sum of squared weights of each input channel.
  private let energy: [Double]
  private let scale: Double
  private var inverse: [Double]
  private var isGone: [Bool]

  /// Nil where the covariance cannot be inverted.
  ///
  /// - Parameters:
  ///   - roots: of the convolution's input channels.
  ///   - covariance: of these channels, row-major.
  init?(roots: [ChannelGraph.Channel], weights: FloatWeights, covariance: [Double]) {
    let count = roots.count, area = weights.kernelArea
    guard covariance.count == count * count, weights.shape[1] == count else { return nil }
    var energy = [Double](repeating: 0, count: count)
    for output in 0..<weights.outputs {
      for input in 0..<count {
        for place in (output * count + input) * area..<(output * count + input + 1) * area {
          energy[input] += Double(weights.values[place]) * Double(weights.values[place])
        }
      }
    }
    var matrix = covariance
    let trace = (0..<count).reduce(0) { $0 + covariance[$1 * count + $1] }
    // A thousandth of the mean variance: what is smaller than that predicts nothing reliably.
    let ridge = max(1e-3 * trace / Double(max(1, count)), 1e-12)
    for channel in 0..<count { matrix[channel * count + channel] += ridge }
    guard let factor = Cholesky(matrix, order: count) else { return nil }
    self.roots = roots
    self.energy = energy
    inverse = factor.inverse()
    isGone = Array(repeating: false, count: count)
    scale = max((0..<count).reduce(0) { $0 + energy[$1] * covariance[$1 * count + $1] }, 1e-12)
  }

  /// - Parameter place: of the channel among the inputs.
  func damage(_ place: Int) -> Double { energy[place] * unpredicted(place) }

  /// The variance of a channel that the others do not predict, as a share of the variance of all that the convolution
  /// gives; 0 for a channel that is gone.
  func unpredicted(_ place: Int) -> Double {
    let diagonal = inverse[place * roots.count + place]
    return isGone[place] || diagonal <= 0 ? 0 : 1 / diagonal / scale
  }

  mutating func remove(_ place: Int) {
    let count = roots.count, pivot = inverse[place * count + place]
    guard !isGone[place], pivot > 0 else { return }
    isGone[place] = true
    let row = Array(inverse[place * count..<(place + 1) * count])
    for other in 0..<count where !isGone[other] && row[other] != 0 {
      VectorMath.addScaled(&inverse, at: other * count, -row[other] / pivot, row, from: 0, count: count)
    }
  }
}
