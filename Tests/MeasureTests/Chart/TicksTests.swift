@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Measure

@Suite("Axes")
struct TicksTests {
  @Test("given a range, when marked, then the marks are round and enclose it")
  func nice() {
    // Heckbert's own example in Graphics Gems, p. 61: 105 to 543 with five marks gives 100 to 600 by 100.
    #expect(Ticks.nice(105...543, about: 4).labels == ["100", "200", "300", "400", "500", "600"])
    #expect(Ticks.nice(0...49.8, about: 3).labels == ["0", "20", "40", "60"])
    #expect(Ticks.nice(0...1, about: 5).labels == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(Ticks.nice(0...0.012, about: 3).labels == ["0.000", "0.005", "0.010", "0.015"])
    #expect(Ticks.nice(-3...4, about: 4).labels == ["-4", "-2", "0", "2", "4"])
    #expect(Ticks.nice(0...12_345, about: 3).labels == ["0", "5,000", "10,000", "15,000"])
  }

  @Test("given any range, when marked, then there are a few evenly spaced marks around it")
  func anyRange() {
    var random = SplitMix64(seed: 1)
    for _ in 0..<2000 {
      let lower = Double.random(in: -1000...1000, using: &random)
      let extent = pow(10, Double.random(in: -3...9, using: &random))
      let ticks = Ticks.nice(lower...lower + extent, about: 4)
      #expect((3...8).contains(ticks.values.count), "\(lower) + \(extent): \(ticks.labels)")
      #expect(ticks.values[0] <= lower + extent * 1e-6)
      #expect(ticks.values[ticks.values.count - 1] >= (lower + extent) - extent * 1e-6)
      #expect(Set(ticks.labels).count == ticks.labels.count, "no two marks read alike: \(ticks.labels)")
    }
  }

  @Test(
    "given a range that is none, when marked, then 0 and 1", arguments: [0...0, 5...5, 0...Double.infinity, 0...1e-300])
  func noRange(range: ClosedRange<Double>) { #expect(Ticks.nice(range, about: 4).values == [0, 1]) }

  @Test(
    "given a time, when marked, then at times that people count in, the last one with its unit",
    arguments: [
      (60.2, ["0", "10", "20", "30", "40", "50", "60 s"]), (4.31, ["0", "1", "2", "3", "4 s"]),
      (0.9, ["0.0", "0.2", "0.4", "0.6", "0.8 s"]), (300, ["0", "1", "2", "3", "4", "5 min"]),
      (3600, ["0", "10", "20", "30", "40", "50", "60 min"]), (21_600, ["0", "1", "2", "3", "4", "5", "6 h"]),
      (172_800, ["0", "12", "24", "36", "48 h"]), (0, ["0 s"]), (.nan, ["0 s"]),
    ])
  func time(seconds: Double, labels: [String]) { #expect(Ticks.time(upTo: seconds, about: 6).labels == labels) }

  @Test("given any time, when marked, then there are few marks, none after its end")
  func anyTime() {
    var random = SplitMix64(seed: 2)
    for _ in 0..<2000 {
      let seconds = pow(10, Double.random(in: -3...7, using: &random))
      let ticks = Ticks.time(upTo: seconds, about: 6)
      #expect((2...10).contains(ticks.values.count), "\(seconds): \(ticks.labels)")
      #expect(ticks.values.allSatisfy { $0 <= seconds * (1 + 1e-6) })
    }
  }

  @Test(
    "given the highest value of a low chart, when marked, then 0 and a round number not below it",
    arguments: [
      (12.0, "12"), (13, "15"), (0.42, "0.5"), (9, "10"), (101, "120"), (7_100, "8,000"), (0, "1"), (.nan, "1"),
    ])
  func ceiling(highest: Double, label: String) {
    let ticks = Ticks.ceiling(highest)
    #expect(ticks.labels == ["0", label])
    #expect(!(ticks.values[1] < highest))
  }

  @Test("given a scale, when values are placed, then the bounds are 0 and 1, and nothing leaves it")
  func scale() {
    let scale = LinearScale(Ticks.nice(100...500, about: 4))
    #expect(scale.domain == 100...500)
    #expect([100, 200, 500].map(scale.fraction) == [0, 0.25, 1])
    #expect([-1e9, 1e9, .infinity].map(scale.fraction) == [0, 1, 1])
    #expect(scale.fraction(.nan) == 0)
    #expect(LinearScale(3...3).domain == 3...4)
    #expect(LinearScale(0 ... .infinity).domain == 0...1)
  }
}
