@testable import Measure
import Testing

@Suite("A sample")
struct SampleTests {
  @Test("Given values, when described, then mean, median, spread and quantiles are those of numpy")
  func describes() throws {
    let sample = try #require(Sample([3, 1, 4, 1, 5, 9, 2, 6]))
    #expect(abs(sample.mean - 3.875) < 1e-12)
    #expect(abs(sample.median - 3.5) < 1e-12)
    #expect(abs(sample.standardDeviation - 2.748376143938713) < 1e-12)
    #expect(abs(sample.quantile(0.9) - 6.9) < 1e-12)
    #expect(sample.quantile(0) == 1)
    #expect(sample.quantile(1) == 9)
  }

  @Test("Given nothing, or what is not a number, when made into a sample, then there is none")
  func refuses() {
    #expect(Sample([]) == nil)
    #expect(Sample([1, .nan]) == nil)
    #expect(Sample([1, .infinity]) == nil)
  }
}
