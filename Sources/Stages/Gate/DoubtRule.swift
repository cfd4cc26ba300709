import EdgepipeCore
import Foundation
import Pipeline

/// What measures the doubt about a frame, from the scores of a detector's doubtful candidates. Doubts are only compared with
/// each other and with a limit: more is more doubtful.
public enum DoubtRule: String, CaseIterable, Sendable {
  /// How many there are.
  case candidates
  /// The sum of their scores: the number of objects among them, as far as scores are probabilities.
  case missed
  /// The sum of their entropies, in nats.
  case entropy

  /// - Parameters:
  ///   - low: candidates that score more than this are doubtful,
  ///   - high: if they do not score more than this.
  func doubt(_ scores: some Sequence<Float>, low: Double, high: Double) -> Double {
    var doubt = 0.0
    for score in scores {
      let score = Double(score)
      guard score > low, score <= high else { continue }
      switch self {
      case .candidates: doubt += 1
      case .missed: doubt += score
      case .entropy: doubt += score < 1 ? -(score * log(score) + (1 - score) * log(1 - score)) : 0
      }
    }
    return doubt
  }
}

/// Hung on a frame by a detector that has looked: everything that it may have seen, for a larger one behind it.
final class DoubtfulCandidates: FrameAttachment {
  /// Best first, the detector's own detections included.
  let candidates: [Detection]

  init(_ candidates: [Detection]) { self.candidates = candidates }

  static func key(of stage: String) -> String { "\(stage)/candidates" }
}
