import Histogram

/// Durations in nanoseconds, kept to three significant digits: percentiles are within 0.1 % of the exact ones.
public struct LatencyHistogram: Sendable {
  /// An hour: longer ones count as so long.
  private static let limit: Int64 = 3_600_000_000_000

  /// In nanoseconds, rising. They are close where the real-time targets lie: 10 ms of queueing, 20 ms of network, 50 ms
  /// of inference and 100 ms from end to end are bounds themselves.
  public static let bounds: InlineArray<16, Int64> = [
    1_000_000, 2_500_000, 5_000_000, 10_000_000, 20_000_000, 35_000_000, 50_000_000, 75_000_000, 100_000_000,
    150_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
  ]

  private var histogram = Histogram<UInt64>(
    highestTrackableValue: UInt64(limit), numberOfSignificantValueDigits: .three)
  public private(set) var count = 0
  /// Exact, not rounded to the histogram's buckets.
  public private(set) var maximumNanoseconds: Int64 = 0
  private var sum = 0.0
  /// How many samples lie up to each bound and above the one before. Counted as they come, which takes some nanoseconds:
  /// reading them off the histogram's thousands of cells would take half a millisecond.
  private var buckets = InlineArray<17, Int>(repeating: 0)

  public init() {}

  public mutating func record(nanoseconds: Int64) {
    let value = min(max(nanoseconds, 0), Self.limit)
    _ = histogram.record(UInt64(value))
    buckets[Self.bucket(of: value)] += 1
    count += 1
    sum += Double(value)
    maximumNanoseconds = max(maximumNanoseconds, value)
  }

  /// The value at or below which `percent` of the samples lie, in milliseconds; 0 without samples.
  public func milliseconds(atPercentile percent: Double) -> Double {
    count == 0 ? 0 : Double(min(Int64(histogram.valueAtPercentile(percent)), maximumNanoseconds)) / 1e6
  }

  /// The sum of all samples, in seconds.
  public var totalSeconds: Double { sum / 1e9 }

  /// How many samples are at most as long as each of ``bounds``.
  public var countsUpToBounds: [Int] {
    var total = 0
    return Self.bounds.indices.map { index in
      total += buckets[index]
      return total
    }
  }

  /// Adds the samples of `other`.
  public mutating func merge(_ other: LatencyHistogram) {
    histogram.add(other.histogram)
    for index in buckets.indices { buckets[index] += other.buckets[index] }
    count += other.count
    sum += other.sum
    maximumNanoseconds = max(maximumNanoseconds, other.maximumNanoseconds)
  }

  public var meanMilliseconds: Double { count == 0 ? 0 : sum / Double(count) / 1e6 }

  /// The index of the first bound that is not below `value`, else their number.
  private static func bucket(of value: Int64) -> Int {
    var low = 0, high = bounds.count
    while low < high {
      let middle = (low + high) / 2
      if value > bounds[middle] { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
