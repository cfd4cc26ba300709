import Foundation

/// Linear regression that leaves the weights where they are unless the samples say otherwise.
///
/// Minimizes |z - (w0 + d) x - b|^2 + lambda d D d', with D the variances of the features: what is shrunk is the change
/// d, not the weights, as in ridge regression toward a given point (W. N. van Wieringen, "Lecture notes on ridge
/// regression", 2015, 1.7). Lambda is chosen from ``grid`` by the error on samples that were held out; no change at all
/// and none but of the bias are among the candidates.
struct RidgeToOriginal {
  /// The shares of the features' variances that are added to them.
  static let grid = [1e-4, 1e-3, 1e-2, 1e-1, 1]

  struct Fit: Sendable {
    /// Targets x features, row-major.
    var weights: [Double]
    var bias: [Double]
    /// Nil: the weights stayed as they were.
    var lambda: Double?
    /// Mean squared error on the held-out samples as a share of the targets' variance: with the weights and bias as
    /// they were, and fitted.
    var errorBefore: Double
    var errorAfter: Double

    /// Scales each target's weights so that its predictions vary as much as the target does, or `share` of the way
    /// there (geometrically), and keeps its mean. Never more than double.
    mutating func restoreVariances(_ moments: CentredMoments, share: Double) {
      let n = moments.features
      for row in bias.indices {
        let own = Array(weights[row * n..<(row + 1) * n]), variance = moments.variance(of: own)
        guard share > 0, variance > 1e-12, moments.targetVariances[row] > 1e-12 else { continue }
        let factor = min(max(pow(moments.targetVariances[row] / variance, share / 2), 0.5), 2)
        let mean = VectorMath.dot(own, at: 0, moments.means, from: 0, count: n)
        for place in row * n..<(row + 1) * n { weights[place] *= factor }
        bias[row] += mean - factor * mean
      }
    }
  }

  /// Rows of the weights that may change in the same columns: one matrix to take apart for all of them.
  private struct Group {
    var rows: [Int]
    var columns: [Int]
  }

  private let groups: [Group]
  private let start: [Double]
  private let bias: [Double]

  /// - Parameters:
  ///   - weights: targets x features, row-major: where the fit starts.
  ///   - bias: one a target.
  ///   - keepsZeros: weights that are zero stay zero.
  init(weights: [Double], bias: [Double], features: Int, keepsZeros: Bool) {
    start = weights
    self.bias = bias
    var groups: [[Int]: [Int]] = [:]
    for row in bias.indices {
      let columns = (0..<features).filter { !keepsZeros || weights[row * features + $0] != 0 }
      groups[columns, default: []].append(row)
    }
    self.groups = groups.map { Group(rows: $0.value, columns: $0.key) }.sorted { $0.rows[0] < $1.rows[0] }
  }

  /// - Parameters:
  ///   - fitting: samples to fit to.
  ///   - heldOut: samples to choose lambda with; they are fitted to as well in the end.
  func fit(_ fitting: RegressionMoments, heldOut: RegressionMoments) -> Fit {
    let train = fitting.centred, test = heldOut.centred
    let scale = max(test.targetVariances.reduce(0, +), Double.leastNormalMagnitude)
    // Where every row has columns of its own, some of them speak for all.
    let step = max(1, groups.count / 8)
    let tried = stride(from: 0, to: groups.count, by: step).map { groups[$0] }
    let rows = tried.flatMap(\.rows)
    func error(_ weights: [Double], _ bias: [Double]) -> Double {
      rows.reduce(0) { sum, row in
        let own = Array(weights[row * test.features..<(row + 1) * test.features])
        return sum + test.squaredError(own, bias: bias[row], target: row)
      }
    }
    let before = error(start, bias)
    let shifted = error(start, intercepts(start, train))
    var best = (lambda: Double?.none, movesBias: shifted < before, error: min(before, shifted))
    for lambda in Self.grid {
      guard let weights = solve(train, lambda: lambda, tried) else { continue }
      let error = error(weights, intercepts(weights, train))
      if error < best.error { best = (lambda, true, error) }
    }
    var all = fitting
    all.add(heldOut)
    let moments = all.centred
    let weights = best.lambda.flatMap { self.weights(moments, lambda: $0) } ?? start
    return Fit(
      weights: weights, bias: best.movesBias ? intercepts(weights, moments) : bias, lambda: best.lambda,
      errorBefore: before / scale, errorAfter: best.error / scale)
  }

  /// The weights for one lambda; nil where the samples do not determine them.
  func weights(_ moments: CentredMoments, lambda: Double) -> [Double]? { solve(moments, lambda: lambda, groups) }

  private func intercepts(_ weights: [Double], _ moments: CentredMoments) -> [Double] {
    let n = moments.features
    return (0..<moments.targets).map {
      moments.targetMeans[$0] - VectorMath.dot(weights, at: $0 * n, moments.means, from: 0, count: n)
    }
  }

  private func solve(_ moments: CentredMoments, lambda: Double, _ groups: [Group]) -> [Double]? {
    let n = moments.features
    var result = start
    let floor = max((0..<n).reduce(0) { $0 + moments.covariance[$1 * n + $1] } / Double(max(1, n)) * 1e-6, 1e-12)
    for group in groups where !group.columns.isEmpty {
      let size = group.columns.count
      var matrix = [Double](repeating: 0, count: size * size)
      for (a, row) in group.columns.enumerated() {
        for (b, column) in group.columns[...a].enumerated() {
          matrix[a * size + b] = moments.covariance[row * n + column]
        }
        matrix[a * size + a] += lambda * matrix[a * size + a] + floor
      }
      guard let factor = Cholesky(matrix, order: size) else { return nil }
      for row in group.rows {
        let own = Array(start[row * n..<(row + 1) * n])
        let residual = group.columns.map { column in
          moments.cross[row * n + column]
            - VectorMath.dot(moments.covariance, at: column * n, own, from: 0, count: n)
        }
        for (column, change) in zip(group.columns, factor.solve(residual)) { result[row * n + column] += change }
      }
    }
    return result
  }
}
