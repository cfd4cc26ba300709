import EdgepipeCore

/// Who is in one zone of one stream: a pure state machine, fed with what each frame shows.
///
/// A track is in the zone once it was seen inside for the debounce time, and out of it once it was seen outside for as
/// long; both are then dated back to the first of those frames. Only tracks that are in the zone, or about to be, are
/// remembered.
struct ZoneState {
  struct Rules: Sendable, Hashable {
    /// In nanoseconds of media time.
    var debounce: Int64
    /// Frames in a row that must agree, beside the time.
    var debounceFrames: Int
    /// Nanoseconds unseen after which a track has left.
    var gone: Int64
    /// Nanoseconds inside after which a dwell is told, or nil.
    var dwell: Int64?
  }

  enum Reason: String, Sendable {
    /// It was seen outside.
    case left
    /// It was not seen any more.
    case gone
    /// The stream started anew.
    case reset
  }

  enum Change: Equatable {
    case enter(TrackKey, label: String)
    case leave(TrackKey, label: String, dwell: Int64, Reason)
    case dwell(TrackKey, label: String, Int64)
    case occupancy(Int)
    case presence(Bool)
  }

  private struct Visit {
    let label: String
    var isInside = false
    /// Since when it is inside.
    var entered: MediaTime
    /// Since when, and in how many frames, it was seen on the other side of the outline than `isInside` says.
    var changing: MediaTime?
    var changingFrames = 0
    var lastSeen: MediaTime
    var isDwellTold = false
  }

  /// Of more tracks in a zone, the one that was unseen for longest is taken as gone.
  static let maximumVisits = 4096

  /// May be changed between two frames.
  var rules: Rules
  private(set) var occupancy = 0
  private var reportedOccupancy = 0
  private var visits: [TrackKey: Visit] = [:]

  init(rules: Rules) { self.rules = rules }

  /// Tracks that are remembered.
  var visitCount: Int { visits.count }

  /// Notes where one track is in this frame.
  mutating func see(
    _ key: TrackKey, label: String, isInside: Bool, at time: MediaTime, changes: inout [Change]
  ) {
    guard isInside || visits[key] != nil else { return }
    // Taken out and put back when there is something to remember.
    var visit = visits.removeValue(forKey: key) ?? Visit(label: label, entered: time, lastSeen: time)
    visit.lastSeen = time
    if isInside == visit.isInside {
      guard isInside else { return }
      visit.changing = nil
      visit.changingFrames = 0
    } else {
      let since = visit.changing ?? time
      visit.changing = since
      visit.changingFrames += 1
      if visit.changingFrames >= rules.debounceFrames, time.nanoseconds(since: since) >= rules.debounce {
        if visit.isInside {
          occupancy -= 1
          changes.append(
            .leave(key, label: visit.label, dwell: since.nanoseconds(since: visit.entered), .left))
          return
        }
        visit.isInside = true
        visit.entered = since
        visit.changing = nil
        visit.changingFrames = 0
        occupancy += 1
        changes.append(.enter(key, label: visit.label))
      }
    }
    if let dwell = rules.dwell, isInside, visit.isInside, !visit.isDwellTold {
      let stayed = time.nanoseconds(since: visit.entered)
      if stayed >= dwell {
        visit.isDwellTold = true
        changes.append(.dwell(key, label: visit.label, stayed))
      }
    }
    visits[key] = visit
  }

  /// Ends a frame: what was not seen for too long has left, and a new number of visitors is told.
  mutating func endFrame(at time: MediaTime, changes: inout [Change]) {
    remove(visits.filter { time.nanoseconds(since: $0.value.lastSeen) > rules.gone }.map(\.key), .gone, &changes)
    if visits.count > Self.maximumVisits {
      let byAge = visits.sorted { ($0.value.lastSeen, $0.key) < ($1.value.lastSeen, $1.key) }
      remove(byAge.prefix(visits.count - Self.maximumVisits).map(\.key), .gone, &changes)
    }
    guard occupancy != reportedOccupancy else { return }
    changes.append(.occupancy(occupancy))
    if (occupancy > 0) != (reportedOccupancy > 0) { changes.append(.presence(occupancy > 0)) }
    reportedOccupancy = occupancy
  }

  /// Forgets every track; those that were inside have left.
  mutating func reset(changes: inout [Change]) {
    remove(Array(visits.keys), .reset, &changes)
  }

  /// In the order of the keys: a dictionary's own order differs from run to run.
  private mutating func remove(_ keys: [TrackKey], _ reason: Reason, _ changes: inout [Change]) {
    for key in keys.sorted() {
      guard let visit = visits.removeValue(forKey: key), visit.isInside else { continue }
      occupancy -= 1
      let end = visit.changing ?? visit.lastSeen
      changes.append(.leave(key, label: visit.label, dwell: end.nanoseconds(since: visit.entered), reason))
    }
  }
}
