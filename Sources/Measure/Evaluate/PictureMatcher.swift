/// Decides for the detections of one category in one picture which are right, as `COCOeval.evaluateImg` of pycocotools
/// does: each, best score first, takes the free object that it overlaps most.
struct PictureMatcher {
  /// What became of one detection: for each range of areas one bit for each IoU threshold. Neither bit is set where the
  /// detection is ignored.
  struct Match {
    var right = SIMD4<UInt16>()
    var wrong = SIMD4<UInt16>()
  }

  // Used again for every picture.
  private var overlaps: [Double] = []
  private var ignored: [Bool] = []
  private var order: [Int] = []
  private var isTaken: [Bool] = []

  /// - Parameters:
  ///   - truths: in the order of the file.
  ///   - detections: best score first, not more than count.
  mutating func match(truths: [COCODataset.Annotation], detections: [COCOBox]) -> [Match] {
    overlaps.removeAll(keepingCapacity: true)
    for box in detections {
      for truth in truths { overlaps.append(box.overlap(with: truth.box, isCrowd: truth.isCrowd)) }
    }
    var matches = [Match](repeating: Match(), count: detections.count)
    for (area, range) in COCOScope.areas.enumerated() {
      ignored = truths.map { $0.isCrowd || !range.contains($0.area) }
      order = truths.indices.filter { !ignored[$0] } + truths.indices.filter { ignored[$0] }
      for (bit, threshold) in COCOEvaluation.thresholds.enumerated() {
        isTaken = [Bool](repeating: false, count: truths.count)
        for (index, box) in detections.enumerated() {
          if let truth = best(for: index, truths, threshold) {
            isTaken[truth] = true
            if !ignored[truth] { matches[index].right[area] |= 1 << UInt16(bit) }
          } else if range.contains(box.area) {
            matches[index].wrong[area] |= 1 << UInt16(bit)
          }
        }
      }
    }
    return matches
  }

  /// The object that a detection takes: of those that it overlaps by the threshold at least the one that it overlaps
  /// most, the last where several are equal; an ignored one only where there is no other.
  private func best(for detection: Int, _ truths: [COCODataset.Annotation], _ threshold: Double) -> Int? {
    var best: Int?
    var overlap = min(threshold, 1 - 1e-10)
    for truth in order {
      if isTaken[truth], !truths[truth].isCrowd { continue }
      if let best, !ignored[best], ignored[truth] { break }
      let other = overlaps[detection * truths.count + truth]
      if other < overlap { continue }
      overlap = other
      best = truth
    }
    return best
  }
}
