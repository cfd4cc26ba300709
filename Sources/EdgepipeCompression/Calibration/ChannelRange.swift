/// The values of one channel that its integers must hold.
struct ChannelRange: Equatable {
  var low: Double
  var high: Double
}

/// How a channel's range is found from its histogram.
enum RangeRule: Sendable, Equatable {
  /// From the smallest value seen to the largest.
  case minMax
  /// Leaves out this share of the values at each end.
  case quantile(Double)
  /// Loses the least squared error: what is rounded and what is cut off at the ends together.
  case squaredError
  /// Keeps the distribution closest to itself: the least Kullback-Leibler divergence.
  case entropy
}
