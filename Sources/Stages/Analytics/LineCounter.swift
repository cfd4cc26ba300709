import EdgepipeCore

/// Who has crossed one line in one stream: a pure state machine, fed with the places of tracks.
///
/// A track is on a side once it is at least the hysteresis distance away from the line, so that a box that trembles on
/// the line crosses it once or not at all. A change of sides counts when the way led between the line's ends, and
/// when the track's last count is long enough ago; sooner, it counts as soon as that time is over, if the track is
/// still there on that side.
struct LineCounter {
  struct Rules: Sendable, Hashable {
    /// In pixels.
    var hysteresis: Double
    /// Least time between two counts of one track, in nanoseconds of media time.
    var gap: Int64
    /// Nanoseconds unseen after which a track is forgotten.
    var gone: Int64
  }

  enum Direction: Sendable, Hashable {
    /// From the left side to the right side.
    case forward
    case backward
  }

  private struct Track {
    var place: Vertex
    var distance: Double
    /// The side that is accounted for: true on the right; nil while it was only seen near the line.
    var isRight: Bool?
    /// Whether the last way over the line led between its ends.
    var isBetweenEnds = false
    var lastCount: MediaTime?
    var lastSeen: MediaTime
  }

  /// Of more tracks, those that were unseen for longest are forgotten.
  static let maximumTracks = 4096

  let line: DirectedLine
  /// May be changed between two frames.
  var rules: Rules
  private var tracks: [TrackKey: Track] = [:]

  init(line: DirectedLine, rules: Rules) {
    self.line = line
    self.rules = rules
  }

  var trackCount: Int { tracks.count }

  /// Notes where a track is, and says in which direction it has crossed.
  mutating func see(_ key: TrackKey, at place: Vertex, _ time: MediaTime) -> Direction? {
    let distance = line.distance(of: place)
    // A line that the picture's size has made infinitely short has no sides.
    guard distance.isFinite else { return nil }
    let isRight = distance >= 0
    let isClear = abs(distance) >= rules.hysteresis
    guard var track = tracks.removeValue(forKey: key) else {
      tracks[key] = Track(place: place, distance: distance, isRight: isClear ? isRight : nil, lastSeen: time)
      return nil
    }
    if isRight != (track.distance >= 0) {
      track.isBetweenEnds = line.isMet(
        byWayFrom: track.place, distance: track.distance, to: place, distance: distance)
    }
    (track.place, track.distance, track.lastSeen) = (place, distance, time)
    var crossed: Direction?
    if isClear, isRight != track.isRight {
      if track.isRight == nil || !track.isBetweenEnds {
        track.isRight = isRight
      } else if track.lastCount.map({ time.nanoseconds(since: $0) >= rules.gap }) ?? true {
        track.isRight = isRight
        track.lastCount = time
        crossed = isRight ? .forward : .backward
      }
    }
    tracks[key] = track
    return crossed
  }

  /// Ends a frame: forgets what was not seen for too long.
  mutating func endFrame(at time: MediaTime) {
    var hasGone = false
    for track in tracks.values where time.nanoseconds(since: track.lastSeen) > rules.gone { hasGone = true }
    if hasGone { tracks = tracks.filter { time.nanoseconds(since: $0.value.lastSeen) <= rules.gone } }
    guard tracks.count > Self.maximumTracks else { return }
    let byAge = tracks.sorted { ($0.value.lastSeen, $0.key) < ($1.value.lastSeen, $1.key) }
    for (key, _) in byAge.prefix(tracks.count - Self.maximumTracks) { tracks.removeValue(forKey: key) }
  }
}
