/// The distribution of one channel's values, in bounded memory: equal bins between the smallest value and the largest.
struct ChannelHistogram {
  static let binCount = 1024

  private(set) var low = Double.infinity
  private(set) var high = -Double.infinity
  /// False when a value was infinite or no number: there is nothing to count then.
  private(set) var isFinite = true
  private var bins: [UInt32] = []
  private var count = 0

  /// First pass over the values: finds the ends.
  mutating func widen(_ values: UnsafeBufferPointer<Float>) {
    // SAFETY: the elements of a valid buffer.
    var low = Float.infinity, high = -Float.infinity, nothing: Float = 0
    for index in values.indices {
      let value = unsafe values[index]
      low = Swift.min(low, value)
      high = Swift.max(high, value)
      // No number for what is infinite or no number itself.
      nothing += value - value
    }
    isFinite = isFinite && nothing == 0
    self.low = Swift.min(self.low, Double(low))
    self.high = Swift.max(self.high, Double(high))
  }

  /// Second pass over the same values: fills the bins.
  mutating func count(_ values: UnsafeBufferPointer<Float>) {
    if bins.isEmpty { bins = Array(repeating: 0, count: Self.binCount) }
    count += values.count
    let start = Float(low), factor = width > 0 ? Float(1 / width) : 0
    // SAFETY: the index is clamped to the bins; the values are those of a valid buffer.
    unsafe bins.withUnsafeMutableBufferPointer { bins in
      for index in values.indices {
        unsafe bins[Swift.min(Swift.max(Int((values[index] - start) * factor), 0), Self.binCount - 1)] &+= 1
      }
    }
  }

  private var width: Double { (high - low) / Double(Self.binCount) }

  /// The mean of a function of the values.
  func mean(of function: (Double) -> Double) -> Double {
    guard count > 0 else { return 0 }
    var sum = 0.0
    forEachBin { value, count in sum += count * function(value) }
    return sum / Double(count)
  }

  func range(_ rule: RangeRule) -> ChannelRange {
    guard count > 0 else { return ChannelRange(low: 0, high: 0) }
    switch rule {
    case .minMax: return ChannelRange(low: low, high: high)
    case .quantile(let share):
      let outside = share * Double(count)
      return ChannelRange(low: low + edge(bins, outside) * width, high: high - edge(bins.reversed(), outside) * width)
    case .squaredError, .entropy:
      return valueHistogram.range(rule)
    }
  }

  /// As the rules of ranges take it.
  var valueHistogram: ValueHistogram { ValueHistogram(low: low, width: width, counts: bins.map { Double($0) }) }

  /// The centre of each bin that holds something, and how much.
  func forEachBin(_ body: (_ value: Double, _ count: Double) -> Void) {
    let width = width
    for index in bins.indices where bins[index] > 0 {
      body(low + (Double(index) + 0.5) * width, Double(bins[index]))
    }
  }

  /// How many bins, a fraction included, hold `outside` values.
  private func edge(_ bins: some Sequence<UInt32>, _ outside: Double) -> Double {
    var seen = 0.0
    var index = 0.0
    for share in bins {
      if seen + Double(share) > outside { return index + (outside - seen) / Double(share) }
      seen += Double(share)
      index += 1
    }
    return 0
  }
}
