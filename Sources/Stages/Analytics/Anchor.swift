import EdgepipeCore
import Pipeline

/// The point of a box that stands for the thing.
enum Anchor: String, Sendable, Decodable {
  /// The middle of the lower edge: where people and vehicles touch the ground.
  case bottom
  /// The middle of the box.
  case center

  static let words = ["bottom", "center"]

  /// Boxes are cut at the picture's edges. Their anchors are kept so many pixels inside, so that a zone drawn up to
  /// the edge, or to the last pixel, holds them.
  static let margin = 2.0

  func point(of box: Box, width: Int, height: Int) -> Vertex {
    let x = Double(box.x) + Double(box.width) / 2
    let y = self == .bottom ? Double(box.maxY) : Double(box.y) + Double(box.height) / 2
    return Vertex(
      min(max(x, Self.margin), max(Self.margin, Double(width) - Self.margin)),
      min(max(y, Self.margin), max(Self.margin, Double(height) - Self.margin)))
  }
}

/// What makes a thing the same thing within one stream: the stage that found it, as a small number, and its track.
struct TrackKey: Hashable, Comparable, Sendable {
  let stage: Int
  let track: Int

  static func < (a: Self, b: Self) -> Bool { (a.stage, a.track) < (b.stage, b.track) }
}

/// The tracked things of one frame; kept from frame to frame for its memory. Used by one worker.
struct Sightings {
  struct Sighting {
    let key: TrackKey
    let label: String
    let box: Box
  }

  private(set) var all: [Sighting] = []
  private var stages: [String] = []
  private var keys: Set<TrackKey> = []

  /// Takes what has a track and a box of finite numbers; predicted boxes too. Of several boxes with one track, the
  /// first counts.
  mutating func read(_ frame: Frame) {
    all.removeAll(keepingCapacity: true)
    keys.removeAll(keepingCapacity: true)
    for result in frame.results {
      let stage = number(of: result.stage)
      for detection in result.detections where detection.box.isFinite {
        guard let track = detection.track else { continue }
        let key = TrackKey(stage: stage, track: track)
        guard keys.insert(key).inserted else { continue }
        all.append(Sighting(key: key, label: detection.label, box: detection.box))
      }
    }
  }

  func name(of key: TrackKey) -> String { stages.indices.contains(key.stage) ? stages[key.stage] : "" }

  private mutating func number(of stage: String) -> Int {
    if let known = stages.firstIndex(of: stage) { return known }
    stages.append(stage)
    return stages.count - 1
  }
}

extension MediaTime {
  /// The time since `earlier` in nanoseconds, saturating.
  func nanoseconds(since earlier: MediaTime) -> Int64 {
    let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
    return overflow ? (nanoseconds < 0 ? .min : .max) : difference
  }
}
