@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import EdgepipeCompression

@Suite("Regression toward the original weights")
struct RidgeToOriginalTests {
  private static let x: [Double] = [
    -5, 0, 5, 2, -4, 1, -2, 3, -3, 5, -1, 4, 1, -5, 0, -3, 2, -4, 4, -2, 3, 0, 5, -1,
  ]
  private static let z: [Double] = [-3, 1, 0, -3, 3, 0, -1, 3, 2, -1, -2, 2, 1, -2, -3, 1]
  private static let start: [Double] = [1, 0, -1, 0.5, 2, 0]

  private func moments(_ x: [Double], _ z: [Double], features: Int, targets: Int) -> RegressionMoments {
    var moments = RegressionMoments(features: features, targets: targets)
    moments.add(x, z)
    return moments
  }

  private func isClose(_ values: [Double], _ expected: [Double], _ tolerance: Double = 1e-12) -> Bool {
    values.count == expected.count && zip(values, expected).allSatisfy { abs($0 - $1) <= tolerance }
  }

  @Test("given samples, when their moments are taken, then numpy.cov gives the same, in one piece or in several")
  func covariance() {
    let whole = moments(Self.x, Self.z, features: 3, targets: 2)
    let expected = [10.4375, -4.6875, 3.21875, -4.6875, 10.4375, -4.34375, 3.21875, -4.34375, 9.234375]
    #expect(isClose(whole.centred.covariance, expected))
    // Five rows and three: a block of four and single rows.
    var parts = moments(Array(Self.x[..<15]), Array(Self.z[..<10]), features: 3, targets: 2)
    parts.add(moments(Array(Self.x[15...]), Array(Self.z[10...]), features: 3, targets: 2))
    #expect(parts.count == 8)
    #expect(isClose(parts.centred.covariance, expected))
    #expect(isClose(parts.centred.cross, whole.centred.cross))
  }

  @Test("given weights and a bias, when their error is taken from moments, then it is the mean over the samples")
  func squaredError() {
    let centred = moments(Self.x, Self.z, features: 3, targets: 2).centred
    // numpy.mean((Z - X @ w0.T - [0.5, -1]) ** 2, axis=0)
    #expect(abs(centred.squaredError([1, 0, -1], bias: 0.5, target: 0) - 10.75) < 1e-12)
    #expect(abs(centred.squaredError([0.5, 2, 0], bias: -1, target: 1) - 28.625) < 1e-12)
  }

  @Test("given a lambda, when weights are fitted, then they solve numpy's normal equations for the change")
  func ridge() throws {
    let centred = moments(Self.x, Self.z, features: 3, targets: 2).centred
    let ridge = RidgeToOriginal(weights: Self.start, bias: [0, 0], features: 3, keepsZeros: false)
    // w0 + solve(C + 0.1 diag(C) + 1e-6 mean(diag(C)) I, cov(X, Z - X w0'))
    #expect(
      isClose(
        try #require(ridge.weights(centred, lambda: 0.1)),
        [
          0.280637950521718, -0.2943285186224222, -0.45490708524204926, 0.1115898112468634, 0.6002219132006008,
          0.20131373856697185,
        ], 1e-10))
  }

  @Test("given targets that are linear in the features, when fitted, then the weights that made them come back")
  func recovers() {
    var random = SplitMix64(seed: 5)
    let weights = [0.5, -2, 3], bias = 0.25
    func sample(_ rows: Int) -> RegressionMoments {
      let x = (0..<rows * 3).map { _ in Double.random(in: -1...1, using: &random) }
      let z = (0..<rows).map { row in bias + (0..<3).reduce(0.0) { $0 + weights[$1] * x[row * 3 + $1] } }
      return moments(x, z, features: 3, targets: 1)
    }
    let fit = RidgeToOriginal(weights: [1, 1, 1], bias: [0], features: 3, keepsZeros: false)
      .fit(sample(400), heldOut: sample(100))
    // What is left is the smallest lambda, a ten-thousandth, times a change of at most 3.
    #expect(isClose(fit.weights, weights, 1e-3))
    #expect(abs(fit.bias[0] - bias) < 1e-3)
    #expect(fit.lambda == RidgeToOriginal.grid[0])
    #expect(fit.errorAfter < 1e-6 && fit.errorBefore > 0.1)
  }

  @Test("given few samples of noise around the original, when fitted, then the weights stay near it")
  func noise() {
    var random = SplitMix64(seed: 6)
    func sample(_ rows: Int) -> RegressionMoments {
      let x = (0..<rows * 12).map { _ in Double.random(in: -1...1, using: &random) }
      let z = (0..<rows).map { row in x[row * 12] + Double.random(in: -1...1, using: &random) }
      return moments(x, z, features: 12, targets: 1)
    }
    let start = [1.0] + Array(repeating: 0, count: 11)
    let fit = RidgeToOriginal(weights: start, bias: [0], features: 12, keepsZeros: false)
      .fit(sample(14), heldOut: sample(200))
    #expect(fit.lambda == nil || fit.lambda == 1, "the least change that is tried, or none")
  }

  @Test("given weights that are zero, when they are to stay, then only the others are fitted")
  func zeros() throws {
    let centred = moments(Self.x, Self.z, features: 3, targets: 2).centred
    let ridge = RidgeToOriginal(weights: Self.start, bias: [0, 0], features: 3, keepsZeros: true)
    let weights = try #require(ridge.weights(centred, lambda: 1e-4))
    #expect(weights[1] == 0 && weights[5] == 0)
    #expect(weights[0] != 1 && weights[3] != 0.5)
  }

  @Test("given a fit that varies too little, when variances are restored, then they are the targets' and means stay")
  func variances() throws {
    let centred = moments(Self.x, Self.z, features: 3, targets: 2).centred
    var fit = RidgeToOriginal.Fit(
      weights: [0.4, 0, 0, 0, 0.6, 0.1], bias: [1, 2], lambda: nil, errorBefore: 0, errorAfter: 0)
    let before = (0..<2).map { target in mean(fit, target, centred) }
    fit.restoreVariances(centred, share: 1)
    for target in 0..<2 {
      let own = Array(fit.weights[target * 3..<target * 3 + 3])
      #expect(abs(centred.variance(of: own) - centred.targetVariances[target]) < 1e-9)
      #expect(abs(mean(fit, target, centred) - before[target]) < 1e-12)
    }
  }

  private func mean(_ fit: RidgeToOriginal.Fit, _ target: Int, _ moments: CentredMoments) -> Double {
    (0..<3).reduce(fit.bias[target]) { $0 + fit.weights[target * 3 + $1] * moments.means[$1] }
  }
}
