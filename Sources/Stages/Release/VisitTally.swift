import EdgepipeCore

/// What is counted of one period of one stream, each track's part within stated bounds.
///
/// A visit counts when it begins; its time counts in each period that it lasts through; its length when it ends. Whatever one
/// track does, it changes the sum of all numbers of a kind by no more than the bounds say: that is what the noise must cover.
struct VisitTally: Sendable {
  struct Bounds: Sendable, Hashable {
    /// Visits of one track that count, over all zones.
    var visits = 3
    /// Seconds of one track that count, over all zones.
    var staySeconds = 300
  }

  struct ZoneNumbers: Sendable, Hashable {
    var visits = 0
    var personSeconds = 0
    /// Ended visits by length: below the first edge, and so on; the last is open.
    var stays: [Int]
  }

  private struct Used: Sendable {
    var visits = 0
    var seconds = 0
    var ended = 0
  }

  private struct Visit: Hashable, Sendable {
    let zone: String
    let track: TrackName
  }

  /// A track of one stage.
  struct TrackName: Hashable, Sendable {
    let stage: String
    let track: Int
  }

  /// Of more tracks in one period nothing is released.
  static let mostTracks = 1 << 18

  private let bounds: Bounds
  private let edges: [Int64]
  private var used: [TrackName: Used] = [:]
  private var open: [Visit: (entered: MediaTime, countedUntil: MediaTime)] = [:]
  private(set) var zones: [String: ZoneNumbers]
  private(set) var isOverfull = false

  /// - Parameters:
  ///   - zones: known beforehand, so that a zone that is in the numbers says nothing.
  ///   - edges: in seconds, rising.
  init(zones: [String], edges: [Double], bounds: Bounds) {
    self.bounds = bounds
    self.edges = edges.map { Int64(($0 * 1e9).rounded()) }
    self.zones = Dictionary(
      zones.map { ($0, ZoneNumbers(stays: Array(repeating: 0, count: edges.count + 1))) },
      uniquingKeysWith: { first, _ in first })
  }

  mutating func enter(_ zone: String, _ track: TrackName, at time: MediaTime) {
    guard zones[zone] != nil, let before = use(of: track) else { return }
    guard open.count < Self.mostTracks else {
      isOverfull = true
      return
    }
    open[Visit(zone: zone, track: track)] = (time, time)
    guard before.visits < bounds.visits else { return }
    used[track]?.visits += 1
    zones[zone]?.visits += 1
  }

  mutating func leave(_ zone: String, _ track: TrackName, staySeconds: Double, at time: MediaTime) {
    let visit = Visit(zone: zone, track: track)
    guard let times = open.removeValue(forKey: visit), let before = use(of: track) else { return }
    count(zone, track, from: times.countedUntil, to: time)
    guard before.ended < bounds.visits, staySeconds.isFinite else { return }
    used[track]?.ended += 1
    let stay = Int64(clamping: Int((min(max(staySeconds, 0), 1e9) * 1e9).rounded()))
    let index = edges.firstIndex { stay < $0 } ?? edges.count
    zones[zone]?.stays[index] += 1
  }

  /// Ends the period: what is open goes on in the next one.
  mutating func finish(at time: MediaTime) -> [String: ZoneNumbers] {
    for visit in open.keys.sorted(by: { ($0.zone, $0.track.track) < ($1.zone, $1.track.track) }) {
      guard let times = open[visit], use(of: visit.track) != nil else { continue }
      count(visit.zone, visit.track, from: times.countedUntil, to: time)
      open[visit] = (times.entered, time)
    }
    defer {
      used.removeAll(keepingCapacity: true)
      isOverfull = false
      zones = zones.mapValues { ZoneNumbers(stays: Array(repeating: 0, count: $0.stays.count)) }
    }
    return zones
  }

  private mutating func use(of track: TrackName) -> Used? {
    if let known = used[track] { return known }
    guard used.count < Self.mostTracks else {
      isOverfull = true
      return nil
    }
    used[track] = Used()
    return Used()
  }

  /// Whole seconds, so that the noise can be whole as well.
  private mutating func count(_ zone: String, _ track: TrackName, from: MediaTime, to: MediaTime) {
    let (nanoseconds, overflow) = to.nanoseconds.subtractingReportingOverflow(from.nanoseconds)
    guard !overflow, nanoseconds > 0, let before = used[track] else { return }
    let seconds = min(Int((nanoseconds + 500_000_000) / 1_000_000_000), max(0, bounds.staySeconds - before.seconds))
    used[track]?.seconds += seconds
    zones[zone]?.personSeconds += seconds
  }
}
