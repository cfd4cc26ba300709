import EdgepipeCore

/// One result of a frame from what two detectors have found in it.
enum CascadeResults {
  /// Boxes of one label that overlap more than this are one object.
  private static let overlap: Float = 0.5

  /// The larger detector's detections, and those of the smaller one that it does not answer for.
  ///
  /// - Parameters:
  ///   - stage: the larger detector's id, by which its detections are marked.
  ///   - isAnswered: of a detection of the smaller one: whether the larger one speaks alone about it. Of others, what
  ///     overlaps nothing of its kind stays.
  /// - Returns: best first.
  static func joined(
    smaller: [Detection], larger: [Detection], of stage: String, isAnswered: (Detection) -> Bool
  ) -> [Detection] {
    var joined = larger
    for index in joined.indices { joined[index].foundBy = stage }
    let others = smaller.filter { detection in
      !isAnswered(detection)
        && !larger.contains { $0.label == detection.label && $0.box.iou(detection.box) > overlap }
    }
    guard !others.isEmpty else { return joined }
    joined += others
    return bestFirst(joined)
  }

  static func bestFirst(_ detections: [Detection]) -> [Detection] {
    detections.enumerated().sorted {
      $0.element.score != $1.element.score ? $0.element.score > $1.element.score : $0.offset < $1.offset
    }.map(\.element)
  }
}
