import Testing

@testable import Stages

@Suite struct AxisFilterTests {
  /// Ten pixels become four: each covers two and a half.
  @Test func givenFewerPixels_whenFiltered_thenEachIsTheMeanOfWhatItCovers() {
    let pixels = AxisFilter(from: 10, to: 4, one: 100).pixels
    #expect(pixels.map(\.first) == [0, 2, 5, 7])
    #expect(pixels.map(\.weights) == [[40, 40, 20], [20, 40, 40], [40, 40, 20], [20, 40, 40]])
  }

  @Test func givenMorePixels_whenFiltered_thenEachLiesBetweenTwo() {
    let pixels = AxisFilter(from: 2, to: 4, one: 100).pixels
    #expect(pixels.map(\.first) == [0, 0, 0, 1])
    #expect(pixels.map(\.weights) == [[100], [75, 25], [25, 75], [100]])
  }

  @Test(arguments: [1, 2, 3, 7, 64, 101, 960, 1080, 1920, 8192])
  func givenAnySize_whenFiltered_thenWeightsAddUpAndLieInside(_ source: Int) {
    for target in [1, 2, 5, 63, 234, 416, 1000, 1919, 8192] {
      let pixels = AxisFilter(from: source, to: target, one: 1 << 14).pixels
      #expect(pixels.count == target)
      #expect(pixels.allSatisfy { $0.weights.reduce(0, +) == 1 << 14 && $0.weights.allSatisfy { $0 >= 0 } })
      #expect(pixels.allSatisfy { $0.first >= 0 && $0.first + $0.weights.count <= source }, "\(source) to \(target)")
      #expect(zip(pixels, pixels.dropFirst()).allSatisfy { $0.first <= $1.first })
    }
  }
}
