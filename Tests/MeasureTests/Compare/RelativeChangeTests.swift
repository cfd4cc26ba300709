@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Measure

@Suite("The change between two samples")
struct RelativeChangeTests {
  @Test("given two samples, when compared, then change, interval, p and d are those of numpy and scipy")
  func reference() throws {
    let a = try #require(Sample([25.1, 24.7, 25.9, 25.3, 24.9])),
      b = try #require(Sample([20.4, 21.3, 20.9, 20.1, 21.0]))
    let change = try #require(RelativeChange(from: a, to: b)), interval = try #require(change.interval)
    // p: scipy.stats.ttest_ind(a, b, equal_var=False); the ends: numpy.roots of (B - r A)^2 = t^2 (eb + r^2 ea), less 1.
    #expect(abs(change.change - -0.17633042096902285) < 1e-12)
    #expect(abs(interval.lowerBound - -0.20119458744277463) < 1e-9)
    #expect(abs(interval.upperBound - -0.1508797802766647) < 1e-9)
    #expect(abs(change.pValue - 4.18694709337855e-07) < 1e-12)
    #expect(abs(change.effect - -9.412781174456466) < 1e-9)
  }

  @Test("given any samples, when compared, then the interval leaves out no change exactly where p is below 0.05")
  func agreesWithWelch() throws {
    var random = SplitMix64(seed: 5)
    var significant = 0
    for _ in 0..<500 {
      // Means of 10 and 11, spread evenly by 1.5: about half of the pairs differ.
      let a = try #require(Sample((0..<5).map { _ in 10 + Double.random(in: -1.5...1.5, using: &random) }))
      let b = try #require(Sample((0..<5).map { _ in 11 + Double.random(in: -1.5...1.5, using: &random) }))
      let change = try #require(RelativeChange(from: a, to: b)), interval = try #require(change.interval)
      #expect(interval.contains(0) == (change.pValue >= 0.05))
      #expect(interval.contains(change.change))
      if change.pValue < 0.05 { significant += 1 }
    }
    #expect((100...400).contains(significant))
  }

  @Test("given a baseline that says nothing, when compared, then there is no change, or no interval")
  func degenerate() throws {
    let one = try #require(Sample([5])), zero = try #require(Sample([0, 0])), some = try #require(Sample([1, 2]))
    #expect(RelativeChange(from: one, to: some) == nil)
    #expect(RelativeChange(from: zero, to: some) == nil)
    // Its mean of 1 is less than twice its standard error: it could as well be 0.
    let wide = try #require(Sample([0.01, 1.99])), change = try #require(RelativeChange(from: wide, to: some))
    #expect(change.interval == nil)
    #expect(change.pValue > 0.05)
    let still = try #require(Sample([4, 4, 4])), same = try #require(RelativeChange(from: still, to: still))
    #expect((same.change, same.pValue, same.effect) == (0, 1, 0))
    #expect(same.interval == 0...0)
  }
}
