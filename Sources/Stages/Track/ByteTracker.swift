import EdgepipeCore

/// ByteTrack (Zhang et al. 2022, arXiv:2110.06864): detections with a high score are assigned first, to all confirmed
/// tracks; those with a low score then continue tracks that were seen up to now and got none of the high ones, as
/// things do that are being covered by others.
///
/// As in the reference implementation, but for these: a low score counts on both limits; time counts in seconds instead
/// of frames; tracks without an id are predicted too; no track gets an id on a stream's first frame.
struct ByteTracker: Tracker {
  struct Options: Sendable, Hashable {
    /// A track that a look missed ends when it was not seen for longer than this, in seconds of media time.
    var maxGapSeconds = 1.0
    /// Detections in a row after which a track gets its id.
    var minHits = 2
    /// Detections below this are not looked at.
    var lowScore: Float = 0.1
    /// Detections from this on are assigned first.
    var highScore: Float = 0.5
    /// Detections from this on start tracks.
    var newTrackScore: Float = 0.6
    /// Least IoU x score of a high detection and a confirmed track.
    var matchHigh: Float = 0.2
    /// Least IoU of a low detection and a confirmed track.
    var matchLow: Float = 0.5
    /// Least IoU x score of a high detection and a track without an id.
    var matchNew: Float = 0.3
  }

  private struct Track {
    var filter: HeightKalmanFilter
    var box: Box
    let group: Int
    var score: Float
    var hits = 1
    var id: Int?
    let firstSeen: MediaTime
    var lastSeen: MediaTime
    /// Whether the look before this one saw it.
    var wasMatched = true
    /// Whether this look sees it.
    var isMatched = true
    var isDuplicate = false

    var age: Int64 { lastSeen.nanoseconds &- firstSeen.nanoseconds }
  }

  /// Two tracks of one thing overlap more than this.
  private static let duplicateOverlap: Float = 0.85

  var options: Options {
    didSet { maxGap = MediaTime(seconds: options.maxGapSeconds).nanoseconds }
  }
  private var maxGap: Int64
  private var tracks: [Track] = []
  private var matching = GatedMatching()
  private var trackOf: [Int?] = []
  private var rows: [Int] = []
  private var columns: [Int] = []

  init(options: Options) {
    self.options = options
    maxGap = MediaTime(seconds: options.maxGapSeconds).nanoseconds
  }

  mutating func update(
    _ observations: [TrackObservation], steps: Double, at time: MediaTime, nextID: inout Int, ids: inout [Int?]
  ) {
    predictAll(steps: steps, at: time)
    trackOf.removeAll(keepingCapacity: true)
    trackOf.append(contentsOf: repeatElement(nil, count: observations.count))

    let (low, high) = (options.lowScore, options.highScore)
    match(observations, minimum: options.matchHigh, byScore: true, rows: { $0.score >= high }) { $0.id != nil }
    match(observations, minimum: options.matchLow, byScore: false, rows: { $0.score >= low && $0.score < high }) {
      $0.id != nil && $0.wasMatched
    }
    match(observations, minimum: options.matchNew, byScore: true, rows: { $0.score >= high }) { $0.id == nil }

    ids.removeAll(keepingCapacity: true)
    for (index, observation) in observations.enumerated() {
      if let track = trackOf[index] {
        tracks[track].filter.update(observation.box)
        tracks[track].score = observation.score
        tracks[track].hits += 1
        tracks[track].lastSeen = time
        ids.append(confirm(track, &nextID))
      } else if observation.score >= max(options.newTrackScore, high), Self.isUsable(observation) {
        tracks.append(
          Track(
            filter: HeightKalmanFilter(observation.box), box: observation.box, group: observation.group,
            score: observation.score, firstSeen: time, lastSeen: time))
        ids.append(confirm(tracks.count - 1, &nextID))
      } else {
        ids.append(nil)
      }
    }
    // What was seen once and then not again was no thing.
    tracks.removeAll { $0.id == nil && !$0.isMatched }
    removeDuplicates()
  }

  func predict(steps: Double, at time: MediaTime, into predictions: inout [TrackPrediction]) {
    for track in tracks where track.isMatched && time.nanoseconds &- track.lastSeen.nanoseconds <= maxGap {
      guard let id = track.id else { continue }
      var filter = track.filter
      filter.predict(steps: steps)
      predictions.append(TrackPrediction(id: id, box: filter.box, group: track.group, score: track.score))
    }
  }

  /// Ends what is lost for too long and moves the rest to now.
  private mutating func predictAll(steps: Double, at time: MediaTime) {
    tracks.removeAll { !$0.isMatched && time.nanoseconds &- $0.lastSeen.nanoseconds > maxGap }
    for index in tracks.indices {
      tracks[index].wasMatched = tracks[index].isMatched
      tracks[index].isMatched = false
      if !tracks[index].wasMatched { tracks[index].filter.holdHeight() }
      tracks[index].filter.predict(steps: steps)
      tracks[index].box = tracks[index].filter.box
    }
  }

  /// One round of the association, among the observations and tracks that have no partner yet.
  private mutating func match(
    _ observations: [TrackObservation], minimum: Float, byScore: Bool, rows isRow: (TrackObservation) -> Bool,
    columns isColumn: (Track) -> Bool
  ) {
    rows.removeAll(keepingCapacity: true)
    for (index, observation) in observations.enumerated() where trackOf[index] == nil {
      if isRow(observation), Self.isUsable(observation) { rows.append(index) }
    }
    columns.removeAll(keepingCapacity: true)
    for index in tracks.indices where !tracks[index].isMatched && isColumn(tracks[index]) { columns.append(index) }
    let (rows, columns) = (rows, columns)
    matching.solve(
      rows: rows.count, columns: columns.count, minimum: minimum, baseline: minimum,
      similarity: { row, column in
        let (observation, track) = (observations[rows[row]], tracks[columns[column]])
        guard observation.group == track.group else { return 0 }
        let overlap = observation.box.iou(track.box)
        return byScore ? overlap * observation.score : overlap
      },
      pair: { row, column in
        trackOf[rows[row]] = columns[column]
        tracks[columns[column]].isMatched = true
      })
  }

  private mutating func confirm(_ index: Int, _ nextID: inout Int) -> Int? {
    if tracks[index].id == nil, tracks[index].hits >= options.minHits {
      tracks[index].id = nextID
      nextID += 1
    }
    return tracks[index].id
  }

  /// A thing that comes back beside its lost track starts a second one: of the two, the older stays.
  private mutating func removeDuplicates() {
    for seen in tracks.indices where tracks[seen].isMatched {
      let box = tracks[seen].filter.box
      for lost in tracks.indices where !tracks[lost].isMatched && tracks[lost].group == tracks[seen].group {
        guard box.iou(tracks[lost].filter.box) > Self.duplicateOverlap else { continue }
        tracks[tracks[seen].age > tracks[lost].age ? lost : seen].isDuplicate = true
      }
    }
    tracks.removeAll(where: \.isDuplicate)
  }

  private static func isUsable(_ observation: TrackObservation) -> Bool {
    observation.box.isFinite && observation.box.area > 0 && observation.score.isFinite
  }
}
