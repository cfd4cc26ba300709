import EdgepipeCore

/// The bootstrap: how much would a figure change if other data had been drawn?
///
/// Elements are drawn with replacement, as many as there are, again and again, and the figure is computed from each
/// draw. The interval is the percentile interval: the quantiles (1 - level) / 2 and (1 + level) / 2 of those figures
/// (B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13).
///
/// To compare two things on the same inputs let an element be a pair of values, one from each: what is drawn together
/// was measured on the same input, so that hard inputs do not blur the difference.
struct Bootstrap: Sendable {
  struct Interval: Sendable, Equatable {
    /// The figure of the data themselves.
    let estimate: Double
    let lower: Double
    let upper: Double
    /// The share of the draws, such as 0.95, that lies between the two.
    let level: Double
    let resamples: Int
  }

  var resamples: Int
  var level: Double
  /// The same seed gives the same interval.
  var seed: UInt64

  init(resamples: Int = 10_000, level: Double = 0.95, seed: UInt64 = 1) {
    self.resamples = resamples
    self.level = level
    self.seed = seed
  }

  /// The interval of `statistic`, which gets as many elements as there are.
  ///
  /// Nil without elements or draws, for a level outside of 0..<1, and where a draw has no finite figure.
  func interval<Element>(
    of elements: [Element], _ statistic: ([Element]) throws -> Double
  ) rethrows -> Interval? {
    guard !elements.isEmpty, resamples > 0, (0..<1).contains(level) else { return nil }
    var random = SplitMix64(seed: seed)
    var drawn = elements
    var figures: [Double] = []
    figures.reserveCapacity(resamples)
    for _ in 0..<resamples {
      for place in drawn.indices { drawn[place] = elements[random.index(below: elements.count)] }
      figures.append(try statistic(drawn))
    }
    let estimate = try statistic(elements)
    guard let sample = Sample(figures), estimate.isFinite else { return nil }
    return Interval(
      estimate: estimate, lower: sample.quantile((1 - level) / 2), upper: sample.quantile((1 + level) / 2),
      level: level, resamples: resamples)
  }
}
