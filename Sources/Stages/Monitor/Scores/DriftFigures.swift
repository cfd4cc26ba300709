/// How a while differs from the baseline.
struct DriftFigures: Sendable, Hashable {
  /// What is compared: the scores, labels and sizes of detections, and how many there are in a frame.
  enum Feature: String, Sendable, CaseIterable {
    case score
    case label
    case size
    case count
  }

  /// By feature; those that have too few cases on either side to say anything are left out.
  private(set) var indices: [Feature: Double] = [:]
  /// Of features other than the count, the highest share of detections in bins that the baseline hardly knows; nil where
  /// there are too few detections.
  private(set) var unseen: Double?
  private(set) var meanScore: Double?
  let usualScore: Double?
  /// How many standard errors the mean score is away from the baseline's.
  private(set) var scoreErrors = 0.0

  /// A bin with a smaller share of the baseline is one that it hardly knows.
  static let known = 0.001
  /// The index that chance alone gives must be so many times smaller than the limit.
  static let margin = 4.0

  /// - Parameters:
  ///   - recent: the newest part of the while, of which the mean score is.
  ///   - limit: of the index, for which there must be cases enough.
  ///   - least: detections, or frames for their count, that a side must have at least; for the mean score a quarter.
  init(_ all: ScoreTally, recent: ScoreTally, _ baseline: ScoreTally, limit: Double, least: Int) {
    usualScore = baseline.meanScore
    let labels = Set(all.labels.keys).union(baseline.labels.keys).sorted()
    let (n, m) = (all.detections, baseline.detections)
    func compare(_ feature: Feature, _ a: [Int], _ b: [Int], _ n: Int, _ m: Int) {
      let bins = zip(a, b).count { $0 > 0 || $1 > 0 }
      guard n >= least, m >= least, StabilityIndex.expected(bins: bins, n, m) <= limit / Self.margin else { return }
      indices[feature] = StabilityIndex.index(a, b)
      if feature == .count { return }
      let unknown = zip(a, b).reduce(0) { $0 + (Double($1.1) < Self.known * Double(m) ? $1.0 : 0) }
      unseen = max(unseen ?? 0, Double(unknown) / Double(n))
    }
    compare(.score, all.scores, baseline.scores, n, m)
    compare(.size, all.sizes, baseline.sizes, n, m)
    compare(.label, labels.map { all.labels[$0] ?? 0 }, labels.map { baseline.labels[$0] ?? 0 }, n, m)
    compare(.count, all.counts, baseline.counts, all.frames, baseline.frames)
    guard recent.detections >= least / 4, m >= least, let mean = recent.meanScore, let usual = usualScore else {
      return
    }
    meanScore = mean
    // Scores that are all the same have no deviation, and then any difference is one.
    let error = max(1e-3, baseline.scoreDeviation) * (1 / Double(recent.detections) + 1 / Double(m)).squareRoot()
    scoreErrors = (mean - usual) / error
  }
}

/// What `monitor.scores` notices.
enum ScoreFault: String, Sendable, Hashable, CaseIterable {
  /// What is detected, or how often, is not what it was.
  case drift
  /// The mean score has changed: the model sees inputs of another kind, or such as are made to mislead it.
  case confidence
}

/// Judges figures: each limit stands here or in the stage's options.
struct DriftRules: Sendable, Hashable {
  /// Of the index, from which on there is drift.
  var limit = 0.25
  /// Of the index, below which all is well again, as a share of the limit: 0.1 of 0.25.
  static let well = 0.4
  static let unseenLimit = 0.05
  static let unseenWell = 0.02
  /// Of the mean score.
  var change = 0.1
  /// A change counts from so many standard errors on.
  static let errors = 4.0

  /// - Returns: nil where there is nothing to judge by.
  func drift(_ figures: DriftFigures) -> FaultLatch<ScoreFault>.Sign? {
    guard let worst = figures.indices.values.max() else { return nil }
    let unseen = figures.unseen ?? 0
    if worst >= limit || unseen >= Self.unseenLimit { return .bad(.drift) }
    return worst <= Self.well * limit && unseen <= Self.unseenWell ? .well : .unclear
  }

  /// - Returns: nil where there is nothing to judge by.
  func confidence(_ figures: DriftFigures) -> FaultLatch<ScoreFault>.Sign? {
    guard let mean = figures.meanScore, let usual = figures.usualScore else { return nil }
    let difference = abs(mean - usual)
    if difference >= change, abs(figures.scoreErrors) >= Self.errors { return .bad(.confidence) }
    return difference <= change / 2 ? .well : .unclear
  }
}
