/// How often values occur: equal bins from `low` on, and a count of the values that are exactly zero.
///
/// Zeros are kept apart because every range of integers holds zero exactly: they never cost a rounding error, however
/// many ReLU makes of them.
struct ValueHistogram {
  var low: Double
  /// Of one bin.
  var width: Double
  var counts: [Double]
  var zeros = 0.0

  var high: Double { low + Double(counts.count) * width }
  var total: Double { counts.reduce(zeros, +) }

  init(low: Double, width: Double, counts: [Double]) {
    (self.low, self.width, self.counts) = (low, width, counts)
  }

  /// All channels of a tensor in one histogram, each after the function that stands behind what was counted.
  init(_ distribution: Distribution, binCount: Int = 2048) {
    let parts = zip(distribution.channels, distribution.functions).filter { $0.0.low <= $0.0.high }
    let ends = parts.map { channel, function in
      let range = ChannelRange(low: channel.low, high: channel.high)
      return function?.range(range) ?? range
    }
    low = ends.map(\.low).min() ?? 0
    width = ((ends.map(\.high).max() ?? 0) - low) / Double(binCount)
    counts = Array(repeating: 0, count: binCount)
    for (channel, function) in parts {
      channel.forEachBin { value, count in
        let value = function?(value) ?? value
        if value == 0 {
          zeros += count
        } else {
          // A tensor of one single value has bins of no width.
          let place = width > 0 ? (value - low) / width : 0
          counts[max(0, min(binCount - 1, Int(place)))] += count
        }
      }
    }
  }

  /// The histogram of the magnitudes, from 0 on.
  var magnitudes: ValueHistogram {
    let largest = max(abs(low), abs(high))
    guard largest > 0 else { return ValueHistogram(low: 0, width: 0, counts: counts) }
    var made = ValueHistogram(
      low: 0, width: largest / Double(counts.count), counts: Array(repeating: 0, count: counts.count))
    made.zeros = zeros
    for (index, count) in counts.enumerated() where count > 0 {
      let place = Int(abs(low + (Double(index) + 0.5) * width) / made.width)
      made.counts[min(counts.count - 1, place)] += count
    }
    return made
  }

  /// The range of values that the integers are to hold.
  ///
  /// - Parameter steps: between the smallest integer and the largest.
  func range(_ rule: RangeRule, steps: Int = 255) -> ChannelRange {
    guard total > 0, width > 0 else { return ChannelRange(low: low, high: high) }
    switch rule {
    case .minMax: return ChannelRange(low: low, high: high)
    case .quantile(let share): return quantileRange(share)
    case .squaredError: return SquaredErrorRange(self, steps: steps).best()
    case .entropy: return EntropyRange(self, levels: steps + 1).best()
    }
  }

  /// The same for integers that lie evenly around zero: the high end holds for both sides.
  func symmetricRange(_ rule: RangeRule) -> ChannelRange {
    let range = magnitudes.range(rule, steps: 127)
    return ChannelRange(low: -range.high, high: range.high)
  }

  private func quantileRange(_ share: Double) -> ChannelRange {
    let outside = share * total
    // Zeros belong to the end that they lie beyond, or to none when they lie inside.
    let below = low >= 0 ? zeros : 0, above = high <= 0 ? zeros : 0
    let first = edge(counts, outside - below), last = edge(counts.reversed(), outside - above)
    return ChannelRange(low: low + first * width, high: high - last * width)
  }

  /// How many bins, a fraction included, hold `outside` values.
  private func edge(_ counts: some Sequence<Double>, _ outside: Double) -> Double {
    guard outside > 0 else { return 0 }
    var seen = 0.0, index = 0.0
    for count in counts {
      if seen + count > outside { return index + (outside - seen) / count }
      seen += count
      index += 1
    }
    return 0
  }
}
