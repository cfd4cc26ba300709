import EdgepipeCore
import Pipeline

/// What is kept of one stream: a tracker for each detecting stage, and one row of ids for all of them.
struct TrackedStream<T: Tracker> {
  /// The tracker of one detecting stage, from that stage's first look on.
  struct Follower {
    let stage: String
    var tracker: T
    /// The time since the stage's last look, in steps of ``KalmanAxis/stepSeconds``.
    var steps = 1.0
    /// Whether the stage has looked at the present frame.
    var hasLooked = true
  }

  /// The id that the next confirmed track gets.
  var nextID: Int
  var lastUse = 0
  /// Of the options that its trackers follow.
  private var version = 0
  private(set) var followers: [Follower] = []
  private var lastTime: MediaTime?
  private var size: (width: Int, height: Int)?
  private var discontinuity = 0

  init(firstID: Int) { nextID = firstID }

  /// Goes on to a frame. Tracks are forgotten, and ids go on rising, when time steps back, when no frame came for
  /// longer than a track may be lost, where the source says that it began anew, and when the picture's size changes.
  mutating func advance(to header: FrameHeader, maxGapSeconds: Double) {
    let elapsed = lastTime.map { Double(header.mediaTime.nanoseconds &- $0.nanoseconds) / 1e9 } ?? 0
    let isOtherSize = size.map { $0 != (header.width, header.height) } ?? false
    let isAnew = lastTime != nil && header.discontinuity != discontinuity
    discontinuity = header.discontinuity
    if elapsed < 0 || elapsed > maxGapSeconds || isOtherSize || isAnew { followers.removeAll(keepingCapacity: true) }
    lastTime = header.mediaTime
    size = (header.width, header.height)
    // Inputs without times count one step a frame.
    let steps = elapsed > 0 ? elapsed / KalmanAxis.stepSeconds : 1
    for index in followers.indices {
      followers[index].steps = followers[index].hasLooked ? steps : followers[index].steps + steps
      followers[index].hasLooked = false
    }
  }

  /// Goes over to other options, where they are others.
  mutating func adjust(to options: T.Options, version: Int) {
    guard version != self.version else { return }
    self.version = version
    for index in followers.indices { followers[index].tracker.options = options }
  }

  /// Takes what `stage` found when it looked at the present frame.
  mutating func update(
    _ observations: [TrackObservation], of stage: String, at time: MediaTime, options: T.Options, ids: inout [Int?]
  ) {
    var index = followers.firstIndex { $0.stage == stage }
    if index == nil {
      followers.append(Follower(stage: stage, tracker: T(options: options)))
      index = followers.count - 1
    }
    guard let index else { return }
    followers[index].tracker.update(
      observations, steps: followers[index].steps, at: time, nextID: &nextID, ids: &ids)
    followers[index].hasLooked = true
  }
}
