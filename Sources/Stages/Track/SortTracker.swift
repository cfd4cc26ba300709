import Pipeline

/// SORT for the detections of one stream: predicts every track with a Kalman filter, assigns detections to predictions
/// by IoU, and starts and ends tracks. Used by one thread.
struct SortTracker {
  struct Options: Sendable, Hashable {
    /// A track that was not seen for longer than this ends, in seconds of media time.
    var maxGapSeconds = 1.0
    /// Detections in a row after which a track gets its id.
    var minHits = 3
    /// Least IoU of a detection and a prediction that may be the same thing.
    var iouThreshold: Float = 0.3
  }

  /// One detection to track; detections of different groups are never the same thing.
  struct Observation {
    var box: Box
    var group: Int
  }

  private struct Track {
    var filter: BoxKalmanFilter
    var predicted: Box
    let group: Int
    var hits = 1
    var id: Int?
    var lastSeen: MediaTime
    var wasMatched = true
  }

  let options: Options
  /// The id that the next confirmed track gets.
  private(set) var nextID: Int
  private var tracks: [Track] = []
  private var lastTime: MediaTime?
  private var assignment = Assignment()
  private var trackOf: [Int] = []
  private var overlaps: [Float] = []

  init(options: Options, firstID: Int = 1) {
    self.options = options
    nextID = firstID
  }

  /// Tracks alive, the ones without an id included.
  var count: Int { tracks.count }

  /// Forgets every track; ids go on rising.
  mutating func reset() {
    tracks.removeAll(keepingCapacity: true)
    lastTime = nil
  }

  /// Takes the detections of the next frame.
  ///
  /// - Parameters:
  ///   - time: media time; a step back resets the tracker.
  ///   - ids: becomes the track id of each observation, nil where its track is not confirmed yet.
  mutating func update(_ observations: [Observation], at time: MediaTime, ids: inout [Int?]) {
    if let lastTime, time < lastTime { reset() }
    let elapsed = lastTime.map { Double(time.nanoseconds &- $0.nanoseconds) / 1e9 } ?? 0
    lastTime = time
    // Inputs without times count one step a frame.
    let steps = elapsed > 0 ? elapsed / BoxKalmanFilter.stepSeconds : 1
    endOld(at: time)
    for index in tracks.indices {
      tracks[index].filter.predict(steps: steps)
      tracks[index].predicted = tracks[index].filter.box
      tracks[index].wasMatched = false
    }

    ids.removeAll(keepingCapacity: true)
    ids.append(contentsOf: repeatElement(nil, count: observations.count))
    assign(observations)
    let known = tracks.count
    for (index, observation) in observations.enumerated() {
      let track = trackOf[index]
      if track >= 0, track < known, overlaps[index * known + track] >= options.iouThreshold {
        tracks[track].filter.update(observation.box)
        tracks[track].hits += 1
        tracks[track].lastSeen = time
        tracks[track].wasMatched = true
        confirm(track)
        ids[index] = tracks[track].id
      } else if observation.box.isFinite, observation.box.area > 0 {
        let filter = BoxKalmanFilter(observation.box)
        tracks.append(Track(filter: filter, predicted: observation.box, group: observation.group, lastSeen: time))
        confirm(tracks.count - 1)
        ids[index] = tracks[tracks.count - 1].id
      }
    }
    // What was seen once or twice and then not again was no thing.
    tracks.removeAll { $0.id == nil && !$0.wasMatched }
  }

  private mutating func confirm(_ index: Int) {
    guard tracks[index].id == nil, tracks[index].hits >= options.minHits else { return }
    tracks[index].id = nextID
    nextID += 1
  }

  private mutating func endOld(at time: MediaTime) {
    let limit = MediaTime(seconds: options.maxGapSeconds).nanoseconds
    tracks.removeAll { time.nanoseconds &- $0.lastSeen.nanoseconds > limit }
  }

  /// Fills `overlaps` (observation by track) and `trackOf`. Pairs that may not match weigh nothing, so that they
  /// cannot push a good pair aside.
  private mutating func assign(_ observations: [Observation]) {
    let known = tracks.count
    overlaps.removeAll(keepingCapacity: true)
    for observation in observations {
      for track in tracks {
        let overlap = track.group == observation.group ? observation.box.iou(track.predicted) : 0
        overlaps.append(overlap >= options.iouThreshold ? overlap : 0)
      }
    }
    let overlaps = overlaps
    assignment.solve(rows: observations.count, columns: known, columnOfRow: &trackOf) {
      -Double(overlaps[$0 * known + $1])
    }
  }
}
