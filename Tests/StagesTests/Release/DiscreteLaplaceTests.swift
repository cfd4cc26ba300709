import EdgepipeCore
import Foundation
import Testing

@testable import Stages

@Suite("Differential privacy: discrete Laplace noise")
struct DiscreteLaplaceTests {
  /// By the definition: P(y) = (1 - q) / (1 + q) * q^|y|, q = exp(-epsilon / sensitivity).
  private func probability(_ y: Int, _ scale: Double) -> Double {
    let q = exp(-1 / scale)
    return (1 - q) / (1 + q) * pow(q, Double(abs(y)))
  }

  private func counts(_ laplace: DiscreteLaplace, _ draws: Int, seed: UInt64, shift: Int = 0) -> [Int: Int] {
    var random = SplitMix64(seed: seed)
    var counts: [Int: Int] = [:]
    for _ in 0..<draws { counts[laplace.sample(using: &random) + shift, default: 0] += 1 }
    return counts
  }

  @Test(
    "given a sensitivity and an epsilon, when many numbers are drawn, then they are distributed as the definition says",
    arguments: [(1, 1_000_000), (1, 250_000), (6, 333_333), (600, 100_000_000), (3, 2_718_281)] as [(UInt64, UInt64)])
  func distribution(sensitivity: UInt64, epsilon: UInt64) {
    let laplace = DiscreteLaplace(sensitivity: sensitivity, epsilonMillionths: epsilon)
    let scale = Double(sensitivity) / (Double(epsilon) / 1e6)
    #expect(abs(laplace.scale - scale) < 1e-9 * scale)
    let draws = 100_000
    let counts = counts(laplace, draws, seed: sensitivity &* 31 &+ epsilon)
    // Chi-squared over the values that are expected at least 25 times, and all others together.
    var statistic = 0.0, cells = 0, seen = 0, expectedInside = 0.0
    for y in -20_000...20_000 {
      let expected = probability(y, scale) * Double(draws)
      guard expected >= 25 else { continue }
      let count = counts[y] ?? 0
      statistic += (Double(count) - expected) * (Double(count) - expected) / expected
      (cells, seen, expectedInside) = (cells + 1, seen + count, expectedInside + expected)
    }
    let outside = Double(draws) - expectedInside
    if outside >= 25 {
      statistic += pow(Double(draws - seen) - outside, 2) / outside
      cells += 1
    }
    // Mean and five standard deviations of the chi-squared distribution; the seeds are fixed.
    let degrees = Double(cells - 1)
    #expect(statistic < degrees + 5 * (2 * degrees).squareRoot(), "\(statistic) of \(cells) cells")
  }

  @Test(
    "given two neighbouring counts, when each is released many times, then no answer is more than e^epsilon likelier")
  func neighbours() {
    let epsilon = 0.5, draws = 400_000
    let laplace = DiscreteLaplace(sensitivity: 3, epsilonMillionths: 500_000)
    // One person more is up to three visits more.
    let one = counts(laplace, draws, seed: 1, shift: 20), other = counts(laplace, draws, seed: 2, shift: 23)
    for y in -10...60 {
      let a = Double(one[y] ?? 0), b = Double(other[y] ?? 0)
      guard a + b >= 2000 else { continue }
      // Five standard errors of the logarithm of the ratio.
      let slack = 5 * (1 / a + 1 / b).squareRoot()
      #expect(abs(log(a / b)) <= epsilon + slack, "\(y): \(a) and \(b)")
    }
    // With a third of the noise the promise would be broken, and this would see it.
    let weak = DiscreteLaplace(sensitivity: 1, epsilonMillionths: 500_000)
    let c = counts(weak, draws, seed: 3, shift: 20), d = counts(weak, draws, seed: 4, shift: 23)
    let ratio = Double(c[20] ?? 0) / Double(max(1, d[20] ?? 0))
    #expect(log(ratio) > epsilon + 0.5)
  }

  @Test(
    "given a scale, when the bound of 95 % is asked for, then 95 of 100 numbers lie within it and no fewer",
    arguments: [0.2, 1, 7, 300])
  func bound(scale: Double) {
    let laplace = DiscreteLaplace(sensitivity: 1, epsilonMillionths: UInt64((1e6 / scale).rounded()))
    let bound = laplace.bound(0.95)
    func within(_ limit: Int) -> Double {
      limit < 0 ? 0 : (-limit...limit).reduce(0) { $0 + probability($1, laplace.scale) }
    }
    #expect(within(bound) >= 0.95 - 1e-9 && within(bound - 1) < 0.95, "\(bound)")
  }

  @Test("given numbers out of range, when the noise is made, then they are the nearest that can be")
  func limits() {
    #expect(DiscreteLaplace(sensitivity: 0, epsilonMillionths: 0).scale == 1_000_000)
    #expect(
      DiscreteLaplace(sensitivity: .max, epsilonMillionths: 1_000_000).scale == Double(DiscreteLaplace.mostSensitivity))
    var random = SplitMix64(seed: 9)
    let widest = DiscreteLaplace(sensitivity: .max, epsilonMillionths: 1)
    for _ in 0..<1000 { #expect(abs(widest.sample(using: &random)) > 0) }
  }
}
