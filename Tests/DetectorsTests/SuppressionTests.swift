@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Detectors

@Suite struct SuppressionTests {
  /// The textbook's version: sort each class by score, keep the best, drop what overlaps it, and so on.
  private func naive(_ candidates: [Candidate], iou: Float, maximum: Int) -> [Int] {
    func overlap(_ a: Candidate, _ b: Candidate) -> Float {
      let w = max(0, min(a.x2, b.x2) - max(a.x1, b.x1)), h = max(0, min(a.y2, b.y2) - max(a.y1, b.y1))
      let areaA = (a.x2 - a.x1) * (a.y2 - a.y1), areaB = (b.x2 - b.x1) * (b.y2 - b.y1)
      return w * h / (areaA + areaB - w * h)
    }
    let order: (Int, Int) -> Bool = { a, b in
      candidates[a].score == candidates[b].score ? a < b : candidates[a].score > candidates[b].score
    }
    var kept: [Int] = []
    for label in Set(candidates.map(\.classIndex)) {
      var rest = candidates.indices.filter { candidates[$0].classIndex == label }.sorted(by: order)
      while !rest.isEmpty {
        let best = rest.removeFirst()
        kept.append(best)
        rest.removeAll { overlap(candidates[best], candidates[$0]) > iou }
      }
    }
    return Array(kept.sorted(by: order).prefix(maximum))
  }

  @Test(arguments: 0..<40) func givenRandomBoxesWhenSuppressedThenTheNaiveVersionAgrees(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let candidates = (0..<(seed * 13)).map { _ in
      // Few distinct scores, so that ties are common.
      Candidate(
        centerX: .random(in: 0..<100, using: &random), centerY: .random(in: 0..<100, using: &random),
        width: .random(in: 5..<60, using: &random), height: .random(in: 5..<60, using: &random),
        score: Float(Int.random(in: 1...40, using: &random)) / 40, classIndex: Int.random(in: 0..<3, using: &random))
    }
    let maximum = [5, 300][seed % 2], iou: Float = [0.3, 0.45, 0.65][seed % 3]
    var suppression = Suppression()
    // Twice: memory left over from one frame must not show in the next.
    for _ in 0..<2 {
      suppression.run(candidates, classCount: 3, iou: iou, maximum: maximum)
      #expect(suppression.kept.map(Int.init) == naive(candidates, iou: iou, maximum: maximum))
    }
  }

  @Test func givenOverlapEqualToTheThresholdWhenSuppressedThenBothStay() {
    // Two boxes of 2 x 1 that share half: IoU is 1/3 exactly in both computations.
    let pair = [0, 1].map { Candidate(x1: Float($0), y1: 0, x2: Float($0) + 2, y2: 1, score: 0.5, classIndex: 0) }
    var suppression = Suppression()
    suppression.run(pair, classCount: 1, iou: 1.0 / 3, maximum: 10)
    #expect(suppression.kept == [0, 1])
    suppression.run(pair, classCount: 1, iou: 0.33, maximum: 10)
    #expect(suppression.kept == [0])
  }

  @Test func givenNoThresholdWhenRunThenOnlyTheOrderAndTheLimitApply() {
    let same = [0.2, 0.9, 0.5].map { Candidate(x1: 0, y1: 0, x2: 1, y2: 1, score: $0, classIndex: 0) }
    var suppression = Suppression()
    suppression.run(same, classCount: 1, iou: nil, maximum: 2)
    #expect(suppression.kept == [1, 2])
  }

  @Test func givenAFloodOfBoxesWhenSuppressedThenOnlyTheLimitIsLookedAt() {
    let flood = (0..<Suppression.candidateLimit + 10).map {
      Candidate(x1: 0, y1: 0, x2: 1, y2: 1, score: $0 < Suppression.candidateLimit ? 0.9 : 0.5, classIndex: 0)
    }
    var suppression = Suppression()
    suppression.run(flood, classCount: 1, iou: nil, maximum: .max)
    #expect(suppression.kept.count == Suppression.candidateLimit)
  }
}
