import Detectors
import EdgepipeCore
import Foundation
import Pipeline

/// What was detected in a while, counted in bins: bounded, however long the while is.
struct ScoreTally: Sendable, Hashable, Codable {
  /// A tenth each.
  static let scoreBins = 10
  /// By the side of a square of the box's area as a share of the picture's: half an octave each, the first up to 1/64.
  static let sizeBins = 12
  /// Detections in one frame: 0, 1, 2, 3, up to 5, up to 8, up to 14, more.
  static let countBins = 8
  /// Of more labels, those that come later are counted as one.
  static let mostLabels = 100
  static let otherLabels = "other labels"

  private(set) var frames = 0
  private(set) var scores = [Int](repeating: 0, count: scoreBins)
  private(set) var sizes = [Int](repeating: 0, count: sizeBins)
  private(set) var counts = [Int](repeating: 0, count: countBins)
  private(set) var labels: [String: Int] = [:]
  private var scoreSum = 0.0
  private var scoreSquares = 0.0

  var detections: Int { scores.reduce(0, +) }
  /// Nil without a detection.
  var meanScore: Double? { detections > 0 ? scoreSum / Double(detections) : nil }

  /// The standard deviation of the scores.
  var scoreDeviation: Double {
    guard let meanScore else { return 0 }
    return max(0, scoreSquares / Double(detections) - meanScore * meanScore).squareRoot()
  }

  init() {}

  /// What is counted of a detection.
  struct Seen {
    let label: String
    let score: Double
    /// Of its box, in pixels.
    let area: Double
  }

  /// - Parameter detections: what detectors found in one frame of `width` x `height` pixels, predictions left out.
  mutating func add(_ detections: some Sequence<Detection>, width: Int, height: Int) {
    add(
      seen: detections.lazy.filter(\.box.isFinite).map {
        Seen(
          label: $0.label, score: Double($0.score), area: Double($0.box.width) * Double($0.box.height))
      }, width: width, height: height)
  }

  mutating func add(seen detections: some Sequence<Seen>, width: Int, height: Int) {
    frames += 1
    var found = 0
    let area = Double(max(1, width)) * Double(max(1, height))
    for detection in detections where detection.score.isFinite {
      found += 1
      let score = min(1, max(0, detection.score))
      scores[min(Self.scoreBins - 1, Int(score * Double(Self.scoreBins)))] += 1
      scoreSum += score
      scoreSquares += score * score
      sizes[Self.sizeBin(detection.area / area)] += 1
      let isKnown = labels[detection.label] != nil || labels.count < Self.mostLabels
      labels[isKnown ? detection.label : Self.otherLabels, default: 0] += 1
    }
    counts[Self.countBin(found)] += 1
  }

  mutating func add(_ other: ScoreTally) {
    frames += other.frames
    for bin in scores.indices { scores[bin] += other.scores[bin] }
    for bin in sizes.indices { sizes[bin] += other.sizes[bin] }
    for bin in counts.indices { counts[bin] += other.counts[bin] }
    for (label, count) in other.labels {
      let isKnown = labels[label] != nil || labels.count < Self.mostLabels
      labels[isKnown ? label : Self.otherLabels, default: 0] += count
    }
    scoreSum += other.scoreSum
    scoreSquares += other.scoreSquares
  }

  /// - Parameter share: of the picture's area.
  static func sizeBin(_ share: Double) -> Int {
    guard share > 0, share.isFinite else { return 0 }
    return min(sizeBins - 1, max(0, Int((2 * (log2(share) / 2 + 6)).rounded(.down))))
  }

  static func countBin(_ count: Int) -> Int {
    switch count {
    case ...3: max(0, count)
    case ...5: 4
    case ...8: 5
    case ...14: 6
    default: 7
    }
  }

  /// Whether its numbers can be those of a while: what is read from a file may be anything.
  var isSound: Bool {
    let most = 1 << 40
    let all = scores + sizes + counts + labels.values + [frames]
    return scores.count == Self.scoreBins && sizes.count == Self.sizeBins && counts.count == Self.countBins
      && labels.count <= Self.mostLabels + 1 && all.allSatisfy { (0...most).contains($0) }
      && counts.reduce(0, +) == frames && sizes.reduce(0, +) == detections
      && labels.values.reduce(0, +) == detections
      && (0...Double(detections)).contains(scoreSum) && (0...Double(detections)).contains(scoreSquares)
  }
}
