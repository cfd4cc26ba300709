/// Sums over samples from which every linear regression of the targets on the features follows: x'x, x'z, z'z and the
/// sums of x and z. Samples themselves are not kept.
struct RegressionMoments: Sendable {
  let features: Int
  let targets: Int
  private(set) var count = 0
  private var featureSums: [Double]
  private var targetSums: [Double]
  /// Features x features, row-major; the lower triangle.
  private var squares: [Double]
  /// Targets x features, row-major.
  private var products: [Double]
  private var targetSquares: [Double]

  init(features: Int, targets: Int) {
    self.features = features
    self.targets = targets
    featureSums = Array(repeating: 0, count: features)
    targetSums = Array(repeating: 0, count: targets)
    squares = Array(repeating: 0, count: features * features)
    products = Array(repeating: 0, count: targets * features)
    targetSquares = Array(repeating: 0, count: targets)
  }

  /// - Parameters:
  ///   - x: samples x features, row-major.
  ///   - z: samples x targets, row-major.
  mutating func add(_ x: [Double], _ z: [Double]) {
    guard features > 0 else { return }
    let rows = x.count / features
    precondition(x.count == rows * features && z.count == rows * targets)
    count += rows
    var row = 0
    while row < rows {
      let isBlock = row + 4 <= rows, step = isBlock ? 4 : 1
      addSquares(x, row, isBlock: isBlock)
      addProducts(x, z, row, isBlock: isBlock)
      row += step
    }
    for row in 0..<rows {
      VectorMath.addScaled(&featureSums, at: 0, 1, x, from: row * features, count: features)
      VectorMath.addScaled(&targetSums, at: 0, 1, z, from: row * targets, count: targets)
      for t in 0..<targets { targetSquares[t] += z[row * targets + t] * z[row * targets + t] }
    }
  }

  private mutating func addSquares(_ x: [Double], _ row: Int, isBlock: Bool) {
    let start = row * features
    for a in 0..<features {
      if isBlock {
        let factors = (
          x[start + a], x[start + features + a], x[start + 2 * features + a], x[start + 3 * features + a]
        )
        VectorMath.addFourScaled(
          &squares, at: a * features, factors, x, from: start, stride: features, count: a + 1)
      } else {
        VectorMath.addScaled(&squares, at: a * features, x[start + a], x, from: start, count: a + 1)
      }
    }
  }

  private mutating func addProducts(_ x: [Double], _ z: [Double], _ row: Int, isBlock: Bool) {
    let start = row * features, from = row * targets
    for t in 0..<targets {
      if isBlock {
        let factors = (z[from + t], z[from + targets + t], z[from + 2 * targets + t], z[from + 3 * targets + t])
        VectorMath.addFourScaled(
          &products, at: t * features, factors, x, from: start, stride: features, count: features)
      } else {
        VectorMath.addScaled(&products, at: t * features, z[from + t], x, from: start, count: features)
      }
    }
  }

  /// Takes in the sums of other samples of the same features and targets.
  mutating func add(_ other: RegressionMoments) {
    precondition(features == other.features && targets == other.targets)
    count += other.count
    VectorMath.addScaled(&featureSums, at: 0, 1, other.featureSums, from: 0, count: features)
    VectorMath.addScaled(&targetSums, at: 0, 1, other.targetSums, from: 0, count: targets)
    VectorMath.addScaled(&squares, at: 0, 1, other.squares, from: 0, count: squares.count)
    VectorMath.addScaled(&products, at: 0, 1, other.products, from: 0, count: products.count)
    VectorMath.addScaled(&targetSquares, at: 0, 1, other.targetSquares, from: 0, count: targets)
  }

  /// Means, variances and covariances; all zero without samples.
  var centred: CentredMoments {
    let n = Double(max(1, count))
    let means = featureSums.map { $0 / n }, targetMeans = targetSums.map { $0 / n }
    var covariance = [Double](repeating: 0, count: features * features)
    for a in 0..<features {
      for b in 0...a {
        let value = squares[a * features + b] / n - means[a] * means[b]
        covariance[a * features + b] = value
        covariance[b * features + a] = value
      }
    }
    var cross = [Double](repeating: 0, count: targets * features)
    for t in 0..<targets {
      for f in 0..<features { cross[t * features + f] = products[t * features + f] / n - targetMeans[t] * means[f] }
    }
    return CentredMoments(
      features: features, targets: targets, means: means, targetMeans: targetMeans, covariance: covariance,
      cross: cross,
      targetVariances: (0..<targets).map { max(0, targetSquares[$0] / n - targetMeans[$0] * targetMeans[$0]) })
  }
}

/// The first and second moments of features and targets.
struct CentredMoments: Sendable {
  let features: Int
  let targets: Int
  let means: [Double]
  let targetMeans: [Double]
  /// Of the features, row-major.
  let covariance: [Double]
  /// Of targets with features: targets x features, row-major.
  let cross: [Double]
  let targetVariances: [Double]

  /// The mean squared error of `weights` x + `bias` (one target's) against the target.
  func squaredError(_ weights: [Double], bias: Double, target: Int) -> Double {
    let spread = variance(of: weights)
    let shared = VectorMath.dot(weights, at: 0, cross, from: target * features, count: features)
    let shift = targetMeans[target] - bias - VectorMath.dot(weights, at: 0, means, from: 0, count: features)
    return max(0, targetVariances[target] - 2 * shared + spread) + shift * shift
  }

  /// The variance of `weights` x.
  func variance(of weights: [Double]) -> Double {
    var sum = 0.0
    for f in 0..<features where weights[f] != 0 {
      sum += weights[f] * VectorMath.dot(covariance, at: f * features, weights, from: 0, count: features)
    }
    return max(0, sum)
  }
}
