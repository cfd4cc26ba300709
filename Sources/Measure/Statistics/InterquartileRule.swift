/// Values that lie far from the middle half of a sample, by Tukey's rule: more than 1.5 times the interquartile range
/// below the first quartile or above the third (J. W. Tukey, "Exploratory Data Analysis", 1977).
///
/// They are only pointed at: a slow run did happen, and belongs to the percentiles.
struct InterquartileRule: Sendable, Equatable {
  let lowerFence: Double
  let upperFence: Double
  /// How many values are below the lower fence.
  let low: Int
  /// How many values are above the upper fence.
  let high: Int

  var count: Int { low + high }

  /// Quartiles as ``Sample/quantile(_:)`` has them.
  init(_ sample: Sample, factor: Double = 1.5) {
    let first = sample.quantile(0.25), third = sample.quantile(0.75)
    let lowerFence = first - factor * (third - first), upperFence = third + factor * (third - first)
    self.lowerFence = lowerFence
    self.upperFence = upperFence
    low = sample.values.count { $0 < lowerFence }
    high = sample.values.count { $0 > upperFence }
  }

  func isOutlier(_ value: Double) -> Bool { value < lowerFence || value > upperFence }
}
