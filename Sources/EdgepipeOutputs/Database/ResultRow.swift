import EdgepipeCore
import Pipeline

/// Something to write into a results database. Streams go by name: their numbers are the database's.
enum ResultRow: Sendable {
  case stream(StreamRow)
  case event(EventRow)
  case track(TrackRow)
  case health(HealthChange)

  /// About how much memory it takes, in bytes.
  var size: Int {
    switch self {
    case .stream, .health: 256
    case .event(let row): 256 + row.json.utf8.count
    case .track(let row): 512 + 24 * TrackPath.limit + (row.picture?.jpeg.count ?? 0)
    }
  }
}

/// What is known of a stream so far.
struct StreamRow: Sendable {
  let name: String
  let source: String
  let isLive: Bool
  let first: WallTime
  var last: WallTime
  var frames: Int
}

struct EventRow: Sendable {
  let id: String
  let stream: String
  let stage: String
  let kind: String
  var label: String?
  /// The zone or line.
  var place: String?
  var track: Int?
  /// The stage that found the thing.
  var foundBy: String?
  let frame: Int
  let time: MediaTime
  let at: WallTime
  var dwellS: Double?
  /// The event as other sinks write it.
  let json: String
}

struct TrackRow: Sendable {
  struct Picture: Sendable {
    let frame: Int
    let score: Float
    let jpeg: [UInt8]
  }

  let summary: TrackSummary
  let isOpen: Bool
  /// A better one than before.
  var picture: Picture?
}
