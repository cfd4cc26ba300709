/// Greedy non-maximum suppression within each class, best score first, ties in the order in which they were found.
///
/// A candidate goes when its IoU with a kept one of its class is greater than the threshold. Its memory is used again
/// for every frame.
struct Suppression: Sendable {
  /// Candidates examined at, best first: what is left after this many is dropped, so that a flood costs bounded time.
  static let candidateLimit = 30_000

  /// Indices of the candidates that stay, best first.
  private(set) var kept: [Int32] = []
  /// For each kept one: the kept one of the same class before it, as a position in `kept`, or -1.
  private var previous: [Int32] = []
  /// For each class: its last kept one, as a position in `kept`, or -1.
  private var last: [Int32] = []
  /// Max-heap of (score, earlier first).
  private var heap: [UInt64] = []

  init() {}

  /// - Parameters:
  ///   - iou: boxes that overlap more than this are duplicates; nil keeps all.
  ///   - maximum: how many may stay.
  mutating func run(_ candidates: [Candidate], classCount: Int, iou: Float?, maximum: Int) {
    kept.removeAll(keepingCapacity: true)
    previous.removeAll(keepingCapacity: true)
    if last.count != classCount { last = [Int32](repeating: -1, count: classCount) }
    for index in last.indices { last[index] = -1 }
    makeHeap(candidates)
    var examined = 0
    while kept.count < maximum, examined < Self.candidateLimit, let index = popBest() {
      examined += 1
      let candidate = candidates[index]
      let classIndex = Int(candidate.classIndex)
      guard last.indices.contains(classIndex) else { continue }
      var isDuplicate = false
      if let iou {
        var position = last[classIndex]
        while position >= 0, !isDuplicate {
          isDuplicate = candidate.iou(candidates[Int(kept[Int(position)])]) > iou
          position = previous[Int(position)]
        }
      }
      if isDuplicate { continue }
      previous.append(last[classIndex])
      last[classIndex] = Int32(truncatingIfNeeded: kept.count)
      kept.append(Int32(truncatingIfNeeded: index))
    }
  }

  /// Keys order by score, then earlier first: scores are at least 0, so that their bits order as they do.
  private mutating func makeHeap(_ candidates: [Candidate]) {
    heap.removeAll(keepingCapacity: true)
    for (index, candidate) in candidates.enumerated() {
      heap.append(UInt64(max(0, candidate.score).bitPattern) << 32 | UInt64(~UInt32(truncatingIfNeeded: index)))
    }
    for root in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(root) }
  }

  private mutating func popBest() -> Int? {
    guard let best = heap.first, let end = heap.popLast() else { return nil }
    if !heap.isEmpty {
      heap[0] = end
      siftDown(0)
    }
    return Int(~UInt32(truncatingIfNeeded: best))
  }

  private mutating func siftDown(_ start: Int) {
    var root = start
    let value = heap[root]
    while true {
      var child = 2 * root + 1
      if child >= heap.count { break }
      if child + 1 < heap.count, heap[child + 1] > heap[child] { child += 1 }
      if heap[child] <= value { break }
      heap[root] = heap[child]
      root = child
    }
    heap[root] = value
  }
}

extension Candidate {
  /// Intersection over union; 0 for disjoint boxes.
  @inline(__always) func iou(_ other: borrowing Candidate) -> Float {
    let width = min(x2, other.x2) - max(x1, other.x1), height = min(y2, other.y2) - max(y1, other.y1)
    guard width > 0, height > 0 else { return 0 }
    let intersection = width * height
    return intersection / ((x2 - x1) * (y2 - y1) + (other.x2 - other.x1) * (other.y2 - other.y1) - intersection)
  }
}
