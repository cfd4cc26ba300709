@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCompression

/// Ranges by squared error and by entropy, against numpy and scipy, and where the answer is known.
@Suite struct RangeRuleTests {
  private struct Case: Encodable {
    var counts: [Double]
    var low: Double
    var width: Double
    var steps: Int
    var windows: [[Int]]

    var histogram: ValueHistogram { ValueHistogram(low: low, width: width, counts: counts) }
  }

  private struct Answer: Decodable {
    var errors: [Double]
    var divergences: [Double?]
    var least: Double
  }

  /// Bell-shaped counts with some outliers far to the right, as sums before an activation have them.
  private func cases() -> [Case] {
    var random = SplitMix64(seed: 11)
    return [(-3.0, 0.05), (0.0, 0.02), (-6.0, 0.05)].map { low, width in
      let counts = (0..<160).map { bin -> Double in
        let value = low + (Double(bin) + 0.5) * width
        let bell = 20_000 * exp(-value * value) * Double.random(in: 0.8...1.2, using: &random)
        return bell.rounded() + (bin % 37 == 36 ? 3 : 0)
      }
      return Case(
        counts: counts, low: low, width: width, steps: 31,
        windows: [[0, 160], [10, 120], [0, 64], [40, 159], [60, 100], [30, 90]])
    }
  }

  @Test(.enabled(if: TestData.python != nil, "needs .deps/python"))
  func givenHistogramsWhenMeasuredThenErrorsAndDivergencesAreThoseOfNumpyAndScipy() throws {
    let cases = cases()
    let encoder = JSONEncoder()
    let lines = try cases.map { String(decoding: try encoder.encode($0), as: UTF8.self) }
    let answers = try GoldenScript.run("range_rules.py", lines: lines).map {
      try JSONDecoder().decode(Answer.self, from: $0)
    }
    try #require(answers.count == cases.count)
    for (item, answer) in zip(cases, answers) {
      let error = SquaredErrorRange(item.histogram, steps: item.steps)
      let entropy = EntropyRange(item.histogram, levels: item.steps + 1)
      for (index, window) in item.windows.enumerated() {
        // Differences of prefix sums lose some digits against summing the errors themselves.
        #expect(abs(error.error(from: window[0], to: window[1]) - answer.errors[index]) <= 1e-6 * answer.errors[index])
        let divergence = entropy.divergence(from: window[0], to: window[1])
        if let expected = answer.divergences[index] {
          #expect(abs(divergence - expected) < 1e-9)
        } else {
          #expect(divergence == .infinity)
        }
      }
      // Moving one end at a time finds the best of all windows here.
      let best = error.best()
      let start = Int(((best.low - item.low) / item.width).rounded())
      let end = Int(((best.high - item.low) / item.width).rounded())
      #expect(error.error(from: start, to: end) <= answer.least * (1 + 1e-6))
    }
  }

  @Test func givenEvenlySpreadValuesWhenRangedThenNothingIsCutOff() {
    // Cutting one bin of n costs more than the finer steps give back as long as there are many steps.
    let even = ValueHistogram(low: -1, width: 2.0 / 512, counts: Array(repeating: 100, count: 512))
    for rule in [RangeRule.squaredError, .entropy] {
      let range = even.range(rule)
      #expect(abs(range.low + 1) < 0.02)
      #expect(abs(range.high - 1) < 0.02)
    }
  }

  @Test func givenOneValueFarOutWhenRangedThenItIsCutOff() {
    var counts = Array(repeating: 0.0, count: 2048)
    for bin in 0..<592 { counts[bin] = 1000 * exp(-Double(bin) / 100) }
    counts[2047] = 1
    let histogram = ValueHistogram(low: 0, width: 0.1, counts: counts)
    #expect(histogram.range(.minMax).high > 204)
    // 203 beyond the end squared, for one value, against steps of 0.8 for a hundred thousand: 41,000 against 5,300.
    #expect(histogram.range(.squaredError).high > 150)
    // A hundred times as many of the others turn the balance.
    let more = ValueHistogram(low: 0, width: 0.1, counts: counts.dropLast().map { $0 * 100 } + [1])
    #expect(more.range(.squaredError).high < 120)
    #expect(more.range(.entropy).high < 120)
  }

  @Test func givenChannelsAndFunctionsWhenMergedThenTheTensorsValuesAreCounted() {
    func channel(_ values: [Float]) -> ChannelHistogram {
      var histogram = ChannelHistogram()
      // SAFETY: the array lives through the calls.
      unsafe values.withUnsafeBufferPointer { buffer in
        unsafe histogram.widen(buffer)
        unsafe histogram.count(buffer)
      }
      return histogram
    }
    // Each channel for itself, as the quick form wants it: evenly spread values are worth holding all.
    let even = channel((0...600).map { Float($0) / 100 - 4 })
    for rule in [RangeRule.squaredError, .entropy] {
      let ranges = Distribution(channels: [even, even], functions: [ActivationFunction.relu, nil]).ranges(rule)
      #expect(ranges[0].low == 0)
      #expect(abs(ranges[0].high - 2) < 0.05)
      #expect(abs(ranges[1].low + 4) < 0.1)
      #expect(abs(ranges[1].high - 2) < 0.1)
    }
    let merged = ValueHistogram(
      Distribution(
        channels: [channel([-4, -2, 1, 2]), channel([0.5, 10])], functions: [ActivationFunction.relu, nil]))
    // -4 and -2 become zero.
    #expect(merged.zeros == 2)
    #expect(merged.total == 6)
    #expect(merged.low == 0)
    #expect(abs(merged.high - 10) < 1e-9)
    #expect(merged.range(.minMax) == ChannelRange(low: 0, high: merged.high))
    #expect(abs(merged.symmetricRange(.minMax).low + 10) < 1e-9)
    // Of 6 values, one is left out at each end: the third zero at the bottom, 10 at the top.
    let cut = merged.range(.quantile(1.0 / 6))
    #expect(cut.low == 0)
    #expect(cut.high < 10)
  }

  @Test func givenNothingOrOneValueWhenRangedThenTheRangeIsThatValue() {
    let nothing = ValueHistogram(Distribution(channels: [], functions: []))
    let zeros = ValueHistogram(low: 0, width: 0, counts: Array(repeating: 0, count: 16))
    for rule in [RangeRule.minMax, .quantile(0.01), .squaredError, .entropy] {
      #expect(nothing.range(rule) == ChannelRange(low: 0, high: 0))
      #expect(zeros.symmetricRange(rule).high == 0)
    }
    // Integers for it can be computed with.
    #expect(PortableScale(ChannelRange(low: 0, high: 0), isSigned: false) == PortableScale(scale: 1, zero: 0))
  }
}
