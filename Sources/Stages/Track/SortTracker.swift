import EdgepipeCore

/// SORT: predicts every track with a Kalman filter, assigns detections to predictions by IoU, and starts and ends
/// tracks.
struct SortTracker: Tracker {
  struct Options: Sendable, Hashable {
    /// A track that a look missed ends when it was not seen for longer than this, in seconds of media time.
    var maxGapSeconds = 1.0
    /// Detections in a row after which a track gets its id.
    var minHits = 3
    /// Least IoU of a detection and a prediction that may be the same thing.
    var iouThreshold: Float = 0.3
  }

  private struct Track {
    var filter: BoxKalmanFilter
    var predicted: Box
    let group: Int
    var score: Float
    var hits = 1
    var id: Int?
    var lastSeen: MediaTime
    /// Whether the last look saw it.
    var wasMatched = true
  }

  var options: Options {
    didSet { maxGap = MediaTime(seconds: options.maxGapSeconds).nanoseconds }
  }
  private var maxGap: Int64
  private var tracks: [Track] = []
  private var matching = GatedMatching()
  private var trackOf: [Int?] = []

  init(options: Options) {
    self.options = options
    maxGap = MediaTime(seconds: options.maxGapSeconds).nanoseconds
  }

  mutating func update(
    _ observations: [TrackObservation], steps: Double, at time: MediaTime, nextID: inout Int, ids: inout [Int?]
  ) {
    tracks.removeAll { !$0.wasMatched && time.nanoseconds &- $0.lastSeen.nanoseconds > maxGap }
    for index in tracks.indices {
      tracks[index].filter.predict(steps: steps)
      tracks[index].predicted = tracks[index].filter.box
      tracks[index].wasMatched = false
    }
    assign(observations)

    ids.removeAll(keepingCapacity: true)
    for (index, observation) in observations.enumerated() {
      if let track = trackOf[index] {
        tracks[track].filter.update(observation.box)
        tracks[track].score = observation.score
        tracks[track].hits += 1
        tracks[track].lastSeen = time
        tracks[track].wasMatched = true
        ids.append(confirm(track, &nextID))
      } else if observation.box.isFinite, observation.box.area > 0 {
        tracks.append(
          Track(
            filter: BoxKalmanFilter(observation.box), predicted: observation.box, group: observation.group,
            score: observation.score, lastSeen: time))
        ids.append(confirm(tracks.count - 1, &nextID))
      } else {
        ids.append(nil)
      }
    }
    // What was seen once or twice and then not again was no thing.
    tracks.removeAll { $0.id == nil && !$0.wasMatched }
  }

  func predict(steps: Double, at time: MediaTime, into predictions: inout [TrackPrediction]) {
    for track in tracks where track.wasMatched && time.nanoseconds &- track.lastSeen.nanoseconds <= maxGap {
      guard let id = track.id else { continue }
      var filter = track.filter
      filter.predict(steps: steps)
      predictions.append(TrackPrediction(id: id, box: filter.box, group: track.group, score: track.score))
    }
  }

  private mutating func confirm(_ index: Int, _ nextID: inout Int) -> Int? {
    if tracks[index].id == nil, tracks[index].hits >= options.minHits {
      tracks[index].id = nextID
      nextID += 1
    }
    return tracks[index].id
  }

  private mutating func assign(_ observations: [TrackObservation]) {
    trackOf.removeAll(keepingCapacity: true)
    trackOf.append(contentsOf: repeatElement(nil, count: observations.count))
    matching.solve(
      rows: observations.count, columns: tracks.count, minimum: options.iouThreshold,
      similarity: { row, column in
        let (observation, track) = (observations[row], tracks[column])
        return observation.group == track.group ? observation.box.iou(track.predicted) : 0
      },
      pair: { trackOf[$0] = $1 })
  }
}
