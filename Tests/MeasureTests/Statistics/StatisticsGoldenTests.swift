@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Measure

/// The statistics against scipy and numpy, live.
@Suite("Statistics agree with scipy and numpy", .enabled(if: TestData.python != nil, "needs .deps/python"))
struct StatisticsGoldenTests {
  struct Given: Codable {
    var pairs: [[[Double]]] = []
    var tails: [[Double]] = []
    var quantiles: [[Double]] = []
    var betas: [[Double]] = []
    var stops: [Stop] = []
    var seed = 7
    var resamples = 2000
  }

  /// [values, percentile] in JSON.
  struct Stop: Codable {
    var values: [Double]
    var percentile: Double

    init(_ values: [Double], _ percentile: Double) { (self.values, self.percentile) = (values, percentile) }

    init(from decoder: any Decoder) throws {
      var list = try decoder.unkeyedContainer()
      (values, percentile) = (try list.decode([Double].self), try list.decode(Double.self))
    }

    func encode(to encoder: any Encoder) throws {
      var list = encoder.unkeyedContainer()
      try list.encode(values)
      try list.encode(percentile)
    }
  }

  struct Reference: Decodable {
    struct Description: Decodable {
      var mean: Double, error: Double, relative: Double, lower: Double, upper: Double
      var fences: [Double], low: Int, high: Int
    }
    struct Intervals: Decodable { var same: [Double], scipy: [Double] }
    struct Pair: Decodable {
      var a: Description, t: Double, degrees: Double, p: Double, d: Double, bootstrap: Intervals
    }
    struct Stop: Decodable { var minimum: Int, estimate: Double?, discarded: Int? }
    var pairs: [Pair], tails: [Double], quantiles: [Double], betas: [Double], stops: [Stop]
  }

  static func reference(_ given: Given) throws -> Reference {
    let folder = try TestData.temporaryFolder("statistics")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("given.json")
    try JSONEncoder().encode(given).write(to: file)
    let script = TestData.packageRoot.appendingPathComponent("Tests/MeasureTests/Golden/statistics.py").path
    let result = try TestData.run(try #require(TestData.python), [script, file.path])
    try #require(result.status == 0)
    return try JSONDecoder().decode(Reference.self, from: result.output)
  }

  /// Like latencies: around `middle` with a long tail to the right, and now and then something far out.
  static func latencies(_ count: Int, middle: Double, spread: Double, _ random: inout SplitMix64) -> [Double] {
    (0..<count).map { index in
      let normal = (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &random) }
      return middle * exp(spread * normal) * (index % 41 == 40 ? 4 : 1)
    }
  }

  /// Digits of doubles that were computed in another order: relative to the value, and to 1 for what is near 0.
  private func expectEqual(
    _ ours: Double?, _ theirs: Double, _ what: String, relativeTo scale: Double? = nil,
    location: SourceLocation = #_sourceLocation
  ) {
    let tolerance = 1e-9 * (scale ?? abs(theirs))
    #expect(
      abs((ours ?? .nan) - theirs) <= tolerance, "\(what): \(ours ?? .nan), not \(theirs)", sourceLocation: location)
  }

  @Test("Given two samples, when compared, then every figure is that of scipy and numpy")
  func samples() throws {
    var random = SplitMix64(seed: 11)
    var given = Given()
    given.pairs = [
      [Self.latencies(5, middle: 20, spread: 0.05, &random), Self.latencies(5, middle: 21, spread: 0.2, &random)],
      [
        Self.latencies(1000, middle: 12, spread: 0.1, &random), Self.latencies(700, middle: 12.1, spread: 0.3, &random),
      ],
      // Means many deviations apart, so that p is far below what 1 - CDF could tell from 0.
      [Self.latencies(40, middle: 10, spread: 0.02, &random), Self.latencies(40, middle: 20, spread: 0.02, &random)],
      [[3, 4], [10, 10.5]],
      // One side does not vary.
      [[1, 2, 4, 8], [2, 2, 2]],
      // Small differences on a large offset: what one pass over the squares would lose.
      [[1e6 + 1, 1e6 + 2, 1e6 + 3.5], [1e6 + 1.5, 1e6 + 2.25, 1e6 + 9]],
      [[-5, -4, -7, -1], [-6, 3, 0, 12]],
    ]
    let reference = try Self.reference(given)
    try #require(reference.pairs.count == given.pairs.count)
    for (values, theirs) in zip(given.pairs, reference.pairs) {
      let a = try #require(Sample(values[0])), b = try #require(Sample(values[1]))
      expectEqual(a.mean, theirs.a.mean, "mean")
      expectEqual(a.standardError, theirs.a.error, "standard error")
      expectEqual(a.relativeStandardError, theirs.a.relative, "relative standard error")
      let interval = try #require(ConfidenceInterval(a))
      expectEqual(interval.lower, theirs.a.lower, "interval", relativeTo: abs(theirs.a.mean))
      expectEqual(interval.upper, theirs.a.upper, "interval", relativeTo: abs(theirs.a.mean))
      let outliers = InterquartileRule(a)
      expectEqual(outliers.lowerFence, theirs.a.fences[0], "fence")
      expectEqual(outliers.upperFence, theirs.a.fences[1], "fence")
      #expect(outliers.low == theirs.a.low && outliers.high == theirs.a.high)
      let welch = try #require(WelchTest(a, b))
      expectEqual(welch.t, theirs.t, "t")
      expectEqual(welch.degreesOfFreedom, theirs.degrees, "degrees of freedom")
      expectEqual(welch.pValue, theirs.p, "p")
      expectEqual(CohensD(a, b)?.value, theirs.d, "Cohen's d")
    }
    #expect(reference.pairs.contains { $0.p < 1e-50 } && reference.pairs.contains { $0.a.high > 0 })
  }

  @Test("Given pairs, when bootstrapped, then the interval is numpy's for the same draws, near scipy's for others")
  func bootstrap() throws {
    var random = SplitMix64(seed: 12)
    var given = Given()
    // 100 and 8 elements: a count that no power of two is, and one that is.
    given.pairs = [100, 8].map { count in
      [
        Self.latencies(count, middle: 30, spread: 0.2, &random),
        Self.latencies(count, middle: 28, spread: 0.2, &random),
      ]
    }
    for (values, theirs) in zip(given.pairs, try Self.reference(given).pairs) {
      let pairs = Array(zip(values[0], values[1]))
      let bootstrap = Bootstrap(resamples: given.resamples, seed: UInt64(given.seed))
      let interval = try #require(
        bootstrap.interval(of: pairs) { drawn in
          drawn.reduce(0) { $0 + $1.0 - $1.1 } / Double(drawn.count)
        })
      expectEqual(interval.lower, theirs.bootstrap.same[0], "lower", relativeTo: 30)
      expectEqual(interval.upper, theirs.bootstrap.same[1], "upper", relativeTo: 30)
      // Other draws: with 2,000 of them an end has a standard error of about 3 % of the width. Five of these.
      let width = theirs.bootstrap.scipy[1] - theirs.bootstrap.scipy[0]
      #expect(abs(interval.lower - theirs.bootstrap.scipy[0]) < 0.15 * width)
      #expect(abs(interval.upper - theirs.bootstrap.scipy[1]) < 0.15 * width)
    }
  }

  @Test("Given arguments from the middle to the far ends, when evaluated, then the distributions are those of scipy")
  func distributions() throws {
    var given = Given()
    for degrees in [0.5, 1, 2, 3.7, 4, 30, 1000, 123_456.5] {
      given.tails += [0, 1e-3, 0.1, -1, 2.776, 8, 100, -1e5].map { [$0, degrees] }
      given.quantiles += [1e-6, 0.025, 0.3, 0.5, 0.9, 0.975, 0.9995].map { [$0, degrees] }
    }
    for a in [0.5, 1, 2.5, 40, 900] {
      for b in [0.5, 1, 3, 64, 5000] {
        given.betas += [0, 1e-6, 0.01, 0.3, 0.5, 0.9, 0.99, 1].map { [$0, a, b] }
      }
    }
    let reference = try Self.reference(given)
    for (argument, theirs) in zip(given.tails, reference.tails) {
      expectEqual(StudentT(degreesOfFreedom: argument[1]).twoSidedTail(argument[0]), theirs, "tail of \(argument)")
    }
    for (argument, theirs) in zip(given.quantiles, reference.quantiles) {
      expectEqual(StudentT(degreesOfFreedom: argument[1]).quantile(argument[0]), theirs, "quantile of \(argument)")
    }
    for (argument, theirs) in zip(given.betas, reference.betas) {
      let ours = IncompleteBeta.regularized(x: argument[0], complement: 1 - argument[0], a: argument[1], b: argument[2])
      // Below the smallest normal number digits go one by one.
      expectEqual(ours, theirs, "beta of \(argument)", relativeTo: max(theirs, 1e-290))
    }
    #expect(reference.tails.count == 64 && reference.quantiles.count == 56 && reference.betas.count == 200)
  }

  @Test("Given few to many latencies, when stopped early, then the estimate is the one of MLPerf's step-by-step search")
  func earlyStopping() throws {
    var random = SplitMix64(seed: 13)
    var given = Given()
    for count in [1, 63, 64, 65, 100, 661, 662, 663, 1000, 5000] {
      let values = Self.latencies(count, middle: 15, spread: 0.1, &random)
      given.stops += [Stop(values, 0.9), Stop(values, 0.99)]
    }
    let reference = try Self.reference(given)
    try #require(reference.stops.count == 20)
    for (stop, theirs) in zip(given.stops, reference.stops) {
      let estimate = EarlyStoppingPercentile(try #require(Sample(stop.values)), percentile: stop.percentile)
      #expect(EarlyStoppingPercentile.minimumCount(percentile: stop.percentile) == theirs.minimum)
      #expect(estimate?.estimate == theirs.estimate)
      #expect(estimate?.discarded == theirs.discarded)
    }
    #expect(reference.stops.contains { $0.estimate == nil } && reference.stops.contains { $0.discarded ?? 0 > 10 })
  }
}
