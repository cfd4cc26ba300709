import Pipeline

/// The upper bounds of the buckets of every histogram on the page.
///
/// They are close where the real-time targets lie: 10 ms of queueing, 20 ms of network, 50 ms of inference, 100 ms from
/// end to end are bounds themselves, so that the share of frames above a target is exact.
enum DurationBuckets {
  /// In seconds, as label and as number.
  static let labels = [
    "0.001", "0.0025", "0.005", "0.01", "0.02", "0.035", "0.05", "0.075", "0.1", "0.15", "0.25", "0.5", "1", "2.5", "5", "10",
  ]

  static let nanoseconds: [Int64] = labels.compactMap { Double($0).map { Int64(($0 * 1e9).rounded()) } }
}
