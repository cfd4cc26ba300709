import EdgepipeCore

/// How far what B finds is what A finds, over all frames.
///
/// In each frame, boxes of the same label are paired by falling intersection over union, down to 0.5, each box at most
/// once. Neither side is taken for the truth: exchanging them exchanges precision and recall.
package struct Agreement: Sendable, Equatable {
  static let minimumIoU: Float = 0.5

  package private(set) var matched = 0
  package private(set) var found = Both(a: 0, b: 0)
  private var iouSum = 0.0

  init() {}

  /// The share of B's boxes that A has as well; nil when B found nothing.
  package var precision: Double? { found.b > 0 ? Double(matched) / Double(found.b) : nil }
  /// The share of A's boxes that B has as well; nil when A found nothing.
  package var recall: Double? { found.a > 0 ? Double(matched) / Double(found.a) : nil }
  /// 2 x matched / (A's boxes + B's boxes): 1 when all agree; nil when neither found anything.
  package var f1: Double? {
    let all = found.a + found.b
    return all > 0 ? 2 * Double(matched) / Double(all) : nil
  }
  /// Of the pairs; nil without any.
  package var meanIoU: Double? { matched > 0 ? iouSum / Double(matched) : nil }

  /// Counts one frame.
  mutating func add(a: [Detection], b: [Detection]) {
    found.a += a.count
    found.b += b.count
    var pairs: [(iou: Float, a: Int, b: Int)] = []
    for (i, first) in a.enumerated() {
      for (j, second) in b.enumerated() where first.label == second.label {
        let iou = first.box.iou(second.box)
        if iou >= Self.minimumIoU { pairs.append((iou, i, j)) }
      }
    }
    // Of equal ones the first in order, so that the same boxes always give the same pairs.
    pairs.sort { ($1.iou, $0.a, $0.b) < ($0.iou, $1.a, $1.b) }
    var takenA: Set<Int> = [], takenB: Set<Int> = []
    for pair in pairs where !takenA.contains(pair.a) && !takenB.contains(pair.b) {
      takenA.insert(pair.a)
      takenB.insert(pair.b)
      matched += 1
      iouSum += Double(pair.iou)
    }
  }

  /// Counts every frame that either side has.
  init(_ frames: Both<RecordedFrames>) {
    for key in Set(frames.a.frames.keys).union(frames.b.frames.keys) {
      add(a: frames.a.detections(key), b: frames.b.detections(key))
    }
  }
}
