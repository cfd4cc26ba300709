/// The range in which a mean lies with a given confidence, from few values whose spread is estimated from themselves.
struct ConfidenceInterval: Sendable, Equatable {
  let mean: Double
  let lower: Double
  let upper: Double
  /// The confidence, such as 0.95.
  let level: Double

  /// Half of the width: the interval is `mean` plus or minus this.
  var margin: Double { (upper - lower) / 2 }

  /// mean +- t x standard error, with the quantile t of Student's distribution for n - 1 degrees of freedom. It
  /// supposes that the values are independent and roughly normal, as means over many runs are.
  ///
  /// Nil for a single value, which says nothing of the spread, and for a level outside of 0..<1.
  init?(_ sample: Sample, level: Double = 0.95) {
    guard let standardError = sample.standardError, (0..<1).contains(level) else { return nil }
    let t = StudentT(degreesOfFreedom: Double(sample.count - 1)).criticalValue(twoSidedTail: 1 - level)
    mean = sample.mean
    lower = mean - t * standardError
    upper = mean + t * standardError
    self.level = level
  }
}

extension Sample {
  /// Standard error of the mean, s / sqrt(n); nil for a single value.
  var standardError: Double? {
    count > 1 ? standardDeviation / Double(count).squareRoot() : nil
  }

  /// The standard error as a share of the mean's magnitude, 0.05 for 5 %; nil for a single value and for a mean of 0.
  var relativeStandardError: Double? {
    guard let standardError, mean != 0 else { return nil }
    return standardError / abs(mean)
  }
}
