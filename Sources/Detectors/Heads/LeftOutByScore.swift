/// Objects that a model saw and that the threshold left out, in the pictures where somebody looked: whether a threshold is
/// too high cannot be told from what passed it.
package struct LeftOutByScore: Sendable, Hashable {
  /// The usual threshold: objects that score more are counted. Nothing is counted where the threshold is not higher.
  package static let usualScore: Float = 0.3
  /// One picture in so many is looked at: decoding outputs twice costs a small part of an inference.
  static let stride = 16

  package private(set) var pictures = 0
  /// Objects above the threshold.
  package private(set) var found = 0
  /// Objects between the usual threshold and this one.
  package private(set) var leftOut = 0
  /// The highest score that was left out.
  package private(set) var bestScore: Float = 0

  package init() {}

  /// - Parameter scores: of one picture's objects above the usual threshold.
  init(scores: [Float], threshold: Float) {
    pictures = 1
    for score in scores {
      if score > threshold {
        found += 1
      } else {
        leftOut += 1
        bestScore = max(bestScore, score)
      }
    }
  }

  package mutating func add(_ other: LeftOutByScore) {
    pictures += other.pictures
    found += other.found
    leftOut += other.leftOut
    bestScore = max(bestScore, other.bestScore)
  }
}
