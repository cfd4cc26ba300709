/// A percentile of latency that, with high confidence, is not too low, however few queries there were: what MLPerf
/// Inference reports for its single-stream scenario.
///
/// MLPerf Inference rules, "Early Stopping", as its load generator computes it (`loadgen/early_stopping.cc`,
/// `PerformanceSummary::EarlyStopping`, tolerance 0): if more than the share 1 - p of all queries took longer than some
/// latency L, then seeing only t such queries or fewer among n would have the probability
///
///     P(X <= t) = I_p(n - t, t + 1),   X binomial(n, 1 - p)
///
/// The largest t for which that is below 1 - confidence is sought; the estimate is the t-th highest latency. So the
/// t - 1 highest are given up, and fewer than the plain percentile would give up.
struct EarlyStoppingPercentile: Sendable, Equatable {
  /// MLPerf's confidence.
  static let confidence = 0.99

  /// The share p, such as 0.9.
  let percentile: Double
  /// In the sample's unit.
  let estimate: Double
  /// t - 1: how many of the highest values lie beyond the estimate.
  let discarded: Int

  /// Nil where the sample has fewer values than ``minimumCount(percentile:confidence:)``.
  init?(_ sample: Sample, percentile: Double, confidence: Double = Self.confidence) {
    let n = sample.count
    guard Self.isValid(percentile, confidence), n >= Self.minimumCount(percentile: percentile, confidence: confidence)
    else { return nil }
    // The probability rises with t: t = 1 passes, t = n does not.
    var passing = 1, failing = n
    while failing - passing > 1 {
      let middle = passing + (failing - passing) / 2
      if Self.passes(n, middle, percentile, confidence) { passing = middle } else { failing = middle }
    }
    self.percentile = percentile
    estimate = sample.sorted[n - passing]
    discarded = passing - 1
  }

  /// How many values an estimate takes at least: 64 for the 90th percentile, 662 for the 99th. `Int.max` for shares
  /// outside of the open range 0 to 1.
  static func minimumCount(percentile: Double, confidence: Double = confidence) -> Int {
    guard isValid(percentile, confidence) else { return .max }
    // More values make t = 1 less likely: the limit is bracketed by doubling, then halved.
    var failing = 1, passing = 2
    while !passes(passing, 1, percentile, confidence) {
      guard passing < 1 << 40 else { return .max }
      (failing, passing) = (passing, passing * 2)
    }
    while passing - failing > 1 {
      let middle = failing + (passing - failing) / 2
      if passes(middle, 1, percentile, confidence) { passing = middle } else { failing = middle }
    }
    return passing
  }

  private static func isValid(_ percentile: Double, _ confidence: Double) -> Bool {
    percentile > 0 && percentile < 1 && confidence > 0 && confidence < 1
  }

  private static func passes(_ n: Int, _ t: Int, _ percentile: Double, _ confidence: Double) -> Bool {
    IncompleteBeta.regularized(
      x: percentile, complement: 1 - percentile, a: Double(n - t), b: Double(t + 1)) < 1 - confidence
  }
}
