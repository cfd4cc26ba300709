import Histogram

/// Durations in nanoseconds, kept to three significant digits: percentiles are within 0.1 % of the exact ones.
public struct LatencyHistogram: Sendable {
  /// An hour: longer ones count as so long.
  private static let limit: Int64 = 3_600_000_000_000

  private var histogram = Histogram<UInt64>(
    highestTrackableValue: UInt64(limit), numberOfSignificantValueDigits: .three)
  public private(set) var count = 0
  /// Exact, not rounded to the histogram's buckets.
  public private(set) var maximumNanoseconds: Int64 = 0
  private var sum = 0.0

  public init() {}

  public mutating func record(nanoseconds: Int64) {
    let value = min(max(nanoseconds, 0), Self.limit)
    _ = histogram.record(UInt64(value))
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

  /// How many samples are at most as long as each of `bounds`, which rise; to the histogram's 0.1 %.
  public func counts(upTo bounds: [Int64]) -> [Int] {
    var counts: [Int] = []
    var total = 0, next: UInt64 = 0
    for bound in bounds.map({ UInt64(min(max(0, $0), Self.limit)) }) {
      // Values that the histogram does not tell apart are counted once, below the first bound among them.
      if bound >= next {
        total += Int(clamping: histogram.count(within: next...bound))
        next = histogram.nextNonEquivalentForValue(bound)
      }
      counts.append(total)
    }
    return counts
  }

  /// Adds the samples of `other`.
  public mutating func merge(_ other: LatencyHistogram) {
    histogram.add(other.histogram)
    count += other.count
    sum += other.sum
    maximumNanoseconds = max(maximumNanoseconds, other.maximumNanoseconds)
  }

  public var meanMilliseconds: Double { count == 0 ? 0 : sum / Double(count) / 1e6 }
}
