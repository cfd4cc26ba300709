import Histogram

/// Durations in nanoseconds, kept to three significant digits: percentiles are within 0.1 % of the exact ones.
public struct LatencyHistogram: Sendable {
  private var histogram = Histogram<UInt64>(
    highestTrackableValue: 3_600_000_000_000, numberOfSignificantValueDigits: .three)
  public private(set) var count = 0
  /// Exact, not rounded to the histogram's buckets.
  public private(set) var maximumNanoseconds: Int64 = 0
  private var sum = 0.0

  public init() {}

  public mutating func record(nanoseconds: Int64) {
    let value = min(max(nanoseconds, 0), 3_600_000_000_000)
    _ = histogram.record(UInt64(value))
    count += 1
    sum += Double(value)
    maximumNanoseconds = max(maximumNanoseconds, value)
  }

  /// The value at or below which `percent` of the samples lie, in milliseconds; 0 without samples.
  public func milliseconds(atPercentile percent: Double) -> Double {
    count == 0 ? 0 : Double(min(Int64(histogram.valueAtPercentile(percent)), maximumNanoseconds)) / 1e6
  }

  public var meanMilliseconds: Double { count == 0 ? 0 : sum / Double(count) / 1e6 }
}
