@testable import EdgepipeCore
import Foundation
import Testing

@testable import Measure

/// Where formulas divide by nothing: what is answered then, and why.
@Suite("Statistics of little data")
struct StatisticsEdgeTests {
  @Test("Given one value, when its spread is asked for, then there is no answer instead of a wrong one")
  func oneValue() throws {
    let one = try #require(Sample([7])), two = try #require(Sample([7, 9]))
    #expect(one.standardError == nil)
    #expect(one.relativeStandardError == nil)
    #expect(ConfidenceInterval(one) == nil)
    #expect(WelchTest(one, two) == nil)
    #expect(WelchTest(two, one) == nil)
    #expect(CohensD(one, one) == nil)
    // The deviation of the two is the common one: (7 - 8) / sqrt(2).
    #expect(abs(try #require(CohensD(one, two)).value + 0.5.squareRoot()) < 1e-15)
    #expect(InterquartileRule(one).count == 0)
    #expect(EarlyStoppingPercentile(one, percentile: 0.9) == nil)
  }

  @Test("Given values that do not vary, when compared, then a difference is certain and equality is no difference")
  func noVariance() throws {
    let five = try #require(Sample([5, 5, 5])), six = try #require(Sample([6, 6]))
    let same = try #require(WelchTest(five, five)), other = try #require(WelchTest(five, six))
    #expect(same.t == 0 && same.pValue == 1)
    #expect(other.t == -.infinity && other.pValue == 0 && other.degreesOfFreedom == 3)
    #expect(CohensD(five, five)?.value == 0)
    #expect(CohensD(six, five)?.value == .infinity)
    let interval = try #require(ConfidenceInterval(five))
    #expect(interval.lower == 5 && interval.upper == 5 && interval.margin == 0)
    #expect(five.relativeStandardError == 0)
    let outliers = InterquartileRule(try #require(Sample([5, 5, 5, 5, 5, 6])))
    #expect(outliers.high == 1 && outliers.low == 0 && outliers.isOutlier(6) && !outliers.isOutlier(5))
  }

  @Test("Given a mean of 0, when the error is related to it, then there is no answer")
  func zeroMean() throws {
    let sample = try #require(Sample([-1, 1]))
    #expect(sample.relativeStandardError == nil)
    #expect(sample.standardError == 1)
  }

  @Test("Given a level that is none, or no data, when an interval is asked for, then there is none")
  func refused() throws {
    let sample = try #require(Sample([1, 2, 3]))
    #expect(ConfidenceInterval(sample, level: 1) == nil)
    #expect(ConfidenceInterval(sample, level: .nan) == nil)
    #expect(Bootstrap().interval(of: [Double]()) { $0[0] } == nil)
    #expect(Bootstrap(resamples: 0).interval(of: [1.0]) { $0[0] } == nil)
    #expect(Bootstrap(level: 1).interval(of: [1.0]) { $0[0] } == nil)
    #expect(Bootstrap(resamples: 10).interval(of: [1.0, 2]) { _ in .nan } == nil)
    #expect(EarlyStoppingPercentile(sample, percentile: 1) == nil)
    #expect(EarlyStoppingPercentile(sample, percentile: .nan) == nil)
  }

  @Test("Given one element, or one seed twice, when bootstrapped, then nothing varies")
  func bootstrapIsRepeatable() throws {
    let alone = try #require(Bootstrap(resamples: 50).interval(of: [3.0]) { $0[0] })
    #expect(alone.lower == 3 && alone.estimate == 3 && alone.upper == 3 && alone.resamples == 50)
    let values = [1.0, 5, 2, 8, 4, 4, 9]
    func interval(seed: UInt64) -> Bootstrap.Interval? {
      Bootstrap(resamples: 200, seed: seed).interval(of: values) { $0.reduce(0, +) }
    }
    #expect(interval(seed: 3) == interval(seed: 3))
    #expect(interval(seed: 3) != interval(seed: 4))
  }

  @Test("Given one degree of freedom, when t is tiny or huge, then the tail is Cauchy's, known in closed form")
  func cauchy() {
    let distribution = StudentT(degreesOfFreedom: 1)
    for t in [1e-12, 1e-8, 1e-3, 1, 50, 1e8] {
      // 1 - 2 atan(t) / pi, as atan(1 / t) for the digits.
      let exact = 2 * atan(1 / t) / .pi
      #expect(abs(distribution.twoSidedTail(t) - exact) <= 1e-13 * exact)
      #expect(abs(distribution.criticalValue(twoSidedTail: exact) - t) <= max(1e-13 * t, 1e-15))
    }
    #expect(distribution.twoSidedTail(.infinity) == 0 && distribution.twoSidedTail(1e200) < 1e-199)
    #expect(distribution.criticalValue(twoSidedTail: 1) == 0)
    #expect(distribution.criticalValue(twoSidedTail: 0) == .infinity)
    #expect(distribution.twoSidedTail(.nan).isNaN)
  }

  @Test("Given the generator's published seed, when drawn, then the published numbers come")
  func generator() {
    // The first outputs for the seed 1234567, as rosettacode.org lists them ("Pseudo-random numbers/Splitmix64").
    var random = SplitMix64(seed: 1_234_567)
    let numbers = (0..<5).map { _ in random.next() }
    #expect(
      numbers == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
      ])
    for count in [1, 2, 3, 1000] {
      #expect((0..<100).allSatisfy { _ in (0..<count).contains(random.index(below: count)) })
    }
    #expect((0..<100).allSatisfy { _ in (0..<1).contains(random.unit()) })
  }
}
