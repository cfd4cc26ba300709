import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Stages

@Suite("Population stability index")
struct StabilityIndexTests {
  private static let script = """
    import json, sys
    import numpy as np
    for line in sys.stdin:
        a, b = (np.array(x, dtype=float) for x in json.loads(line))
        some = (a > 0) | (b > 0)
        a, b = a[some] + 0.5, b[some] + 0.5
        a, b = a / a.sum(), b / b.sum()
        print(repr(float(((a - b) * np.log(a / b)).sum())))
    """

  private func counts(_ random: inout SplitMix64, bins: Int) -> [Int] {
    (0..<bins).map { _ in Int.random(in: 0..<4, using: &random) == 0 ? 0 : Int.random(in: 0...900, using: &random) }
  }

  @Test("given counts, when compared, then the index is numpy's", .enabled(if: TestData.python != nil, "needs numpy"))
  func numpy() throws {
    var random = SplitMix64(seed: 9)
    var pairs: [([Int], [Int])] = [([10, 20, 30], [10, 20, 30]), ([1, 0, 0], [0, 0, 5]), ([100, 1], [1, 100])]
    for bins in 1...30 { pairs.append((counts(&random, bins: bins), counts(&random, bins: bins))) }
    pairs = pairs.filter { $0.0.contains { $0 > 0 } && $0.1.contains { $0 > 0 } }
    let input = FileManager.default.temporaryDirectory.appendingPathComponent("psi-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: input) }
    try pairs.map { "[\($0.0), \($0.1)]\n" }.joined().write(to: input, atomically: true, encoding: .utf8)
    let python = try #require(TestData.python)
    let result = try TestData.run(
      URL(fileURLWithPath: "/bin/sh"), ["-c", #"exec "$0" -c "$1" < "$2""#, python.path, Self.script, input.path])
    let expected = String(decoding: result.output, as: UTF8.self).split(separator: "\n").compactMap { Double($0) }
    try #require(expected.count == pairs.count)
    for (pair, value) in zip(pairs, expected) {
      // Both add the same numbers in another order.
      #expect(abs(StabilityIndex.index(pair.0, pair.1) - value) < 1e-9 * max(1, value), "\(pair)")
    }
  }

  @Test("given any counts, when compared, then the index is symmetric, not negative, and 0 for equal shares")
  func properties() {
    var random = SplitMix64(seed: 10)
    for _ in 0..<500 {
      let bins = Int.random(in: 1...20, using: &random)
      let a = counts(&random, bins: bins), b = counts(&random, bins: bins)
      let index = StabilityIndex.index(a, b)
      #expect(index >= 0 && index.isFinite)
      #expect(abs(index - StabilityIndex.index(b, a)) < 1e-12 * max(1, index))
      #expect(abs(StabilityIndex.index(a, a)) < 1e-12)
      // Bins that are empty on both sides change nothing.
      #expect(abs(StabilityIndex.index(a + [0, 0], b + [0, 0]) - index) < 1e-12 * max(1, index))
    }
    #expect(StabilityIndex.index([], []) == 0 && StabilityIndex.index([0, 0], [3, 4]) == 0)
  }

  @Test("given samples of one distribution, when compared, then the index is on average what is said of it")
  func expected() {
    var random = SplitMix64(seed: 11)
    let weights = [5, 9, 13, 20, 20, 13, 10, 5, 3, 2], bins = weights.count
    let table = weights.enumerated().flatMap { [Int](repeating: $0.offset, count: $0.element) }
    func sample(_ count: Int) -> [Int] {
      var counts = [Int](repeating: 0, count: bins)
      for _ in 0..<count { counts[table[Int.random(in: 0..<table.count, using: &random)]] += 1 }
      return counts
    }
    for (n, m) in [(400, 400), (400, 4000), (2000, 300)] {
      let mean = (0..<400).reduce(0) { sum, _ in sum + StabilityIndex.index(sample(n), sample(m)) } / 400
      let expected = StabilityIndex.expected(bins: bins, n, m)
      // The mean of 400 chi-squared values with 9 degrees of freedom has a standard error of 2.4 %.
      #expect(abs(mean / expected - 1) < 0.12, "\(n), \(m): \(mean) for \(expected)")
    }
    #expect(StabilityIndex.expected(bins: 10, 0, 5) == .infinity)
  }
}
