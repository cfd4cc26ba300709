@testable import EdgepipeCore

@testable import Stages

/// How well tracks follow the truth: CLEAR MOT (Bernardin and Stiefelhagen 2008) and identity metrics (Ristani et al.
/// 2016), a track's box counting as a true one where they overlap by half.
struct MOTMetrics: CustomStringConvertible {
  typealias Entry = (id: Int, box: Box)

  private(set) var truths = 0
  private(set) var tracked = 0
  private(set) var misses = 0
  private(set) var falseAlarms = 0
  /// Times that something true is matched by another track than the one that last matched it.
  private(set) var switches = 0

  private var current: [Int: Int] = [:]
  private var last: [Int: Int] = [:]
  private var together: [Pair: Int] = [:]
  private var assignment = Assignment()

  private struct Pair: Hashable {
    let truth: Int
    let track: Int
  }

  mutating func add(truth: [Entry], tracks: [Entry]) {
    truths += truth.count
    tracked += tracks.count
    func overlap(_ i: Int, _ j: Int) -> Double {
      let value = Double(truth[i].box.iou(tracks[j].box))
      return value >= 0.5 ? value : 0
    }
    for i in truth.indices {
      for j in tracks.indices where overlap(i, j) > 0 {
        together[Pair(truth: truth[i].id, track: tracks[j].id), default: 0] += 1
      }
    }
    // What matched in the frame before goes on to match; the rest is assigned anew.
    var columns: [Int] = []
    assignment.solve(rows: truth.count, columns: tracks.count, columnOfRow: &columns) { i, j in
      let value = overlap(i, j)
      return value > 0 ? -value - (current[truth[i].id] == tracks[j].id ? 1000 : 0) : 0
    }
    current.removeAll()
    var matched = 0
    for (i, j) in columns.enumerated() where j >= 0 && overlap(i, j) > 0 {
      matched += 1
      let (person, track) = (truth[i].id, tracks[j].id)
      if let before = last[person], before != track { switches += 1 }
      last[person] = track
      current[person] = track
    }
    misses += truth.count - matched
    falseAlarms += tracks.count - matched
  }

  var mota: Double { 1 - Double(misses + falseAlarms + switches) / Double(max(1, truths)) }

  /// Of the one-to-one assignment of tracks to true ones over the whole sequence that agrees in most frames.
  var idf1: Double {
    let people = Set(together.keys.map(\.truth)).sorted(), ids = Set(together.keys.map(\.track)).sorted()
    func frames(_ i: Int, _ j: Int) -> Int { together[Pair(truth: people[i], track: ids[j])] ?? 0 }
    var columns: [Int] = []
    var solver = Assignment()
    solver.solve(rows: people.count, columns: ids.count, columnOfRow: &columns) { -Double(frames($0, $1)) }
    let agreed = columns.enumerated().reduce(0) { $0 + ($1.element >= 0 ? frames($1.offset, $1.element) : 0) }
    return 2 * Double(agreed) / Double(max(1, truths + tracked))
  }

  var description: String {
    func short(_ value: Double) -> String { "\((value * 10_000).rounded() / 10_000)" }
    return
      "MOTA \(short(mota)) IDF1 \(short(idf1)) switches \(switches) misses \(misses) false \(falseAlarms) of \(truths)"
  }
}
