package import EdgepipeCore

/// What is known of a track, from its first detection to its last.
package struct TrackSummary: Sendable, Hashable {
  /// Whose it is: numbers are unique among the tracks of one stage in one stream.
  package struct Key: Sendable, Hashable {
    package let stream: String
    /// The stage that found the thing.
    package let stage: String
    package let track: Int

    package init(stream: String, stage: String, track: Int) {
      self.stream = stream
      self.stage = stage
      self.track = track
    }
  }

  package struct Moment: Sendable, Hashable {
    package let frame: Int
    package let time: MediaTime
    package let wall: WallTime
  }

  /// The detection with the highest score; boxes that a tracker only expects do not count.
  package struct Best: Sendable, Hashable {
    package let frame: Int
    package let time: MediaTime
    package let label: String
    package let score: Float
    package let box: Box
  }

  package let key: Key
  package let first: Moment
  package private(set) var last: Moment
  /// Frames in which it was detected, or expected by its tracker.
  package private(set) var frames = 0
  package private(set) var best: Best
  /// Where the bottom centre of its box went.
  package private(set) var path: TrackPath
  private var detected = 0
  private var scores = 0.0

  /// The label of its best detection.
  package var label: String { best.label }

  /// The mean of its detections' scores.
  package var score: Double { detected > 0 ? scores / Double(detected) : Double(best.score) }

  init(_ key: Key, _ detection: Detection, at moment: Moment, tolerance: Float) {
    self.key = key
    first = moment
    last = moment
    path = TrackPath(tolerance: tolerance)
    best = Best(detection, at: moment)
    add(detection, at: moment)
  }

  mutating func add(_ detection: Detection, at moment: Moment) {
    last = moment
    frames += 1
    path.append(
      TrackPath.Point(
        time: moment.time, x: detection.box.x + detection.box.width / 2, y: detection.box.maxY))
    guard !detection.isPredicted else { return }
    if detected == 0 || detection.score > best.score { best = Best(detection, at: moment) }
    detected += 1
    scores += Double(detection.score)
  }
}

extension TrackSummary.Best {
  fileprivate init(_ detection: Detection, at moment: TrackSummary.Moment) {
    self.init(
      frame: moment.frame, time: moment.time, label: detection.label, score: detection.score, box: detection.box)
  }
}
