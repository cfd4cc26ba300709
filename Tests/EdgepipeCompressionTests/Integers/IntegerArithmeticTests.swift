@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import EdgepipeCompression

/// Histograms, rounding and layouts, without an engine.
@Suite struct IntegerArithmeticTests {
  private func histogram(_ values: [Float]) -> ChannelHistogram {
    var histogram = ChannelHistogram()
    // SAFETY: the array lives through the calls.
    unsafe values.withUnsafeBufferPointer { buffer in
      unsafe histogram.widen(buffer)
      unsafe histogram.count(buffer)
    }
    return histogram
  }

  @Test func givenEvenlySpreadValuesWhenEndsAreCutThenTheRangeIsTheirQuantiles() {
    let made = histogram((0...10_000).map { Float($0) / 1000 })
    #expect(made.range(.minMax) == ChannelRange(low: 0, high: 10))
    // One hundredth of 0...10 lies below 0.1; a bin is 0.01 wide.
    let cut = made.range(.quantile(0.01))
    #expect(abs(cut.low - 0.1) < 0.01)
    #expect(abs(cut.high - 9.9) < 0.01)
    #expect(abs(made.mean { $0 } - 5) < 0.01)
    #expect(abs(made.mean { $0 * $0 } - 100.0 / 3) < 0.05)
  }

  @Test func givenAConstantWhenCountedThenItsRangeIsThatValue() {
    #expect(histogram([2, 2, 2]).range(.quantile(1e-4)) == ChannelRange(low: 2, high: 2))
  }

  @Test func givenRandomWeightsWhenRoundedThenNoPairCanSaturate() {
    var random = SplitMix64(seed: 3)
    let depth = 64, outputs = 16
    let weights = (0..<depth * outputs).map { _ in Double.random(in: -1...1, using: &random) }
    let order = Array((0..<depth).reversed())
    let made = IntegerWeights(weights, outputs: outputs, order: order, floors: Array(repeating: 0, count: outputs))
    for output in 0..<outputs {
      for start in stride(from: 0, to: depth, by: 2) {
        let pair = [order[start], order[start + 1]].map { Int(made.values[output * depth + $0]) }
        // 255 is the largest input byte; sums outside of 16 bits saturate.
        #expect((-32768...32767).contains(255 * (max(pair[0], 0) + max(pair[1], 0))))
        #expect((-32768...32767).contains(255 * (min(pair[0], 0) + min(pair[1], 0))))
      }
      // Rounding at the scale at which no pair has to give way has an error of step^2 / 12 on average, half as much
      // again by chance: another scale is taken only where it loses less.
      let row = order.map { weights[output * depth + $0] }
      let step = stride(from: 0, to: depth, by: 2).reduce(0.0) { max($0, abs(row[$1] + row[$1 + 1])) } / 127
      let error = (output * depth..<(output + 1) * depth).reduce(0.0) { sum, index in
        let difference = weights[index] - Double(made.values[index]) * made.scales[output]
        return sum + difference * difference
      }
      #expect(error / Double(depth) <= 1.5 * step * step / 12)
    }
  }

  /// One pair of 100 + 100 among 4,606 weights within 60: without giving way it asks for steps of 200 / 127, with an
  /// error of step^2 / 12 a weight. The same search in NumPy finds steps of 0.94 of that and 0.94 of the error.
  @Test func givenOneLargePairAmongManyWeightsWhenRoundedThenThePairGivesWay() {
    var random = SplitMix64(seed: 5)
    let depth = 4608
    var weights = (0..<depth).map { _ in Double.random(in: -60...60, using: &random) }
    (weights[10], weights[11]) = (100, 100)
    func error(_ made: IntegerWeights) -> Double {
      zip(weights, made.values).reduce(0) { sum, pair in
        let difference = pair.0 - made.scales[0] * Double(pair.1)
        return sum + difference * difference
      }
    }
    let made = IntegerWeights(weights, outputs: 1, order: Array(0..<depth), floors: [0])
    #expect(made.scales[0] < 0.98 * 200 / 127)
    #expect(Int(made.values[10]) + Int(made.values[11]) <= 128)
    // Both give way alike.
    #expect(abs(Int(made.values[10]) - Int(made.values[11])) <= 1)
    let step = 200.0 / 127
    #expect(error(made) < 0.97 * Double(depth) * step * step / 12)
  }

  @Test func givenNoPairsWhenRoundedThenTheWholeOfEightBitsIsUsed() {
    // Depthwise: whole numbers up to 127 stand for themselves, and no other scale loses nothing.
    let made = IntegerWeights([127, -127, 64, 3, -1], outputs: 1, order: nil, floors: [0])
    #expect(made.values == [127, -127, 64, 3, -1])
    #expect(made.scales == [1])
  }

  /// The sums of the integers, in exact arithmetic, are those of the floats to within rounding.
  @Test func givenChannelsOfDifferentScaleAndZeroWhenMultipliedThenTheSumIsTheFloatOne() throws {
    let float = FloatConvolution(
      shape: [1, 3, 1, 1], weights: [0.5, -0.25, 2], bias: [0.3], groups: 1, strides: [1, 1], pads: [0, 0, 0, 0])
    let input = TensorScale(scales: [0.1, 0.02, 0.005], zeros: [3, 10, 128])
    let output = TensorScale(scales: [0.01], zeros: [40])
    let made = try IntegerConvolution(float, input: input, output: output, means: nil)
    let bytes = [103, 60, 200]
    let sum = zip(bytes, made.weights.values).reduce(Int(made.bias[0])) { $0 + ($1.0 - made.inputZero) * Int($1.1) }
    // 0.5 x 10 - 0.25 x 1 + 2 x 0.36 + 0.3 = 5.77; the output's byte is 5.77 / 0.01 + 40.
    #expect(abs(Double(sum) * made.factors[0] - 617) < 5)
  }

  @Test func givenPaddingAndDifferentZerosWhenLaidOutThenItIsRefused() {
    let float = FloatConvolution(
      shape: [1, 2, 3, 3], weights: Array(repeating: 1, count: 18), bias: [0], groups: 1, strides: [1, 1],
      pads: [1, 1, 1, 1])
    let input = TensorScale(scales: [1, 1], zeros: [1, 2])
    #expect(throws: (any Error).self) {
      try IntegerConvolution(float, input: input, output: TensorScale(scales: [1], zero: 0), means: nil)
    }
  }
}
