import EdgepipeCore

/// Turns the frames of a live stream into media times that start at 0 and always rise, over every break of the stream.
///
/// The camera's stamps lead while they behave like a clock. Where there are none, or where they stand still, repeat
/// themselves, or run at a speed that is not that of real time, the frames are dated by when they came, which is as true
/// as the network is steady; a clock that behaves again is followed again. Neither breaks the time line.
///
/// A break is a stamp that goes back by more than a second (a camera that restarted, a wrap), or ahead of the time that
/// passed by more than ten, or a new connection: each raises ``discontinuity`` by one, and time goes on by what really
/// passed.
struct LiveTimeline {
  /// How often the time line has broken.
  private(set) var discontinuity = 0
  /// The frames are dated by when they came, not by their stamps.
  private(set) var isByArrival = false
  private var hasStamps = true
  private var last: Int64?
  private var lastArrival: Int64 = 0
  /// The stamp at time 0; nil while there was none to count from.
  private var base: Int64?
  /// About so many nanoseconds pass from one frame to the next.
  private var interval: Int64
  /// How far media time is before the arrival of frames. It follows slowly the frames that are dated by their stamps, and
  /// dates those whose stamp is of no use.
  private var lead: Int64 = 0
  /// So many stamps in a row did not rise.
  private var standing = 0
  private var lastRise: Int64 = 0
  private var isBroken = false
  private var pace = ClockPace()
  private var trial = ClockTrial()

  private static let nudge: Int64 = 1_000
  private static let second: Int64 = 1_000_000_000
  private static let backwardJump = second
  private static let forwardJump = 10 * second
  /// So many stamps in a row that do not rise are a clock that stands, and so is a second of them.
  private static let standingStamps = 3

  /// - Parameter frameRate: frames a second, or nil where the stream does not say.
  init(frameRate: Double? = nil) { interval = FrameTimeline.duration(frameRate) }

  /// The next frame comes over a new connection, with a clock of its own.
  ///
  /// - Parameters:
  ///   - hasStamps: false where the stamps are made up by the reader, from a rate that nobody stated.
  ///   - continues: true where the connections are no breaks, because each picture has one of its own.
  mutating func connected(frameRate: Double?, hasStamps: Bool = true, continues: Bool = false) {
    if let frameRate { interval = FrameTimeline.duration(frameRate) }
    self.hasStamps = hasStamps
    isByArrival = !hasStamps
    isBroken = last != nil && !continues
    pace = ClockPace()
  }

  /// - Parameter arrival: when the packet came that made the decoder give the frame out.
  mutating func next(_ stamp: MediaTime?, arrival: MonotonicTime) -> MediaTime {
    let arrival = arrival.nanoseconds, stamp = hasStamps ? stamp?.nanoseconds : nil
    let time = place(stamp, arrival)
    last = time
    lastArrival = arrival
    isBroken = false
    return MediaTime(nanoseconds: time)
  }

  private mutating func place(_ stamp: Int64?, _ arrival: Int64) -> Int64 {
    guard let last else {
      start(stamp, 0, arrival)
      return 0
    }
    let gap = max(0, arrival.saturatingSubtract(lastArrival))
    if isBroken { return resume(stamp, after: last, gap, arrival) }
    if isByArrival { return dateByArrival(stamp, after: last, gap, arrival) }
    guard let stamp else { return stand(nil, after: last, gap, arrival) }
    guard let base else {
      // The first frames may have none, as before a camera has said when its stream begins.
      let time = max(arrival.saturatingAdd(lead), last.saturatingAdd(Self.nudge))
      start(stamp, time, arrival)
      return time
    }
    let (time, wrapped) = stamp.subtractingReportingOverflow(base)
    let isJump =
      wrapped || time <= last - Self.backwardJump
      || time > last.saturatingAdd(gap).saturatingAdd(Self.forwardJump)
    if isJump { return resume(stamp, after: last, gap, arrival) }
    guard time > last else { return stand(stamp, after: last, gap, arrival) }
    standing = 0
    lastRise = arrival
    interval += (min(time - last, Self.forwardJump) - interval) / 8
    if pace.isOff(time, arrival) {
      // What has gone wrong so far stays: a jump would be another fault.
      lead = last.saturatingAdd(gap).saturatingSubtract(arrival)
      return dateByArrival(stamp, after: last, gap, arrival)
    }
    lead = lead.saturatingAdd(time.saturatingSubtract(arrival).saturatingSubtract(lead) / 16)
    return time
  }

  /// A stamp that does not rise, or none. Now and then one is a mistake: its frame is put between its neighbours.
  private mutating func stand(_ stamp: Int64?, after last: Int64, _ gap: Int64, _ arrival: Int64) -> Int64 {
    standing += 1
    let hasStopped = standing >= Self.standingStamps || arrival.saturatingSubtract(lastRise) >= Self.second
    if hasStopped { return dateByArrival(stamp, after: last, gap, arrival) }
    return last.saturatingAdd(max(Self.nudge, interval / 8, min(gap, interval / 2)))
  }

  private mutating func dateByArrival(_ stamp: Int64?, after last: Int64, _ gap: Int64, _ arrival: Int64) -> Int64 {
    if !isByArrival { trial = ClockTrial() }
    isByArrival = true
    interval += (min(gap, Self.forwardJump) - interval) / 8
    interval = max(interval, Self.nudge)
    // Frames that came in one burst keep a distance; those after them make up for it.
    let time = max(arrival.saturatingAdd(lead), last.saturatingAdd(max(Self.nudge, interval / 4)))
    if hasStamps, let stamp, trial.isPassed(stamp, arrival) { start(stamp, time, arrival) }
    return time
  }

  /// Goes on after a break.
  private mutating func resume(_ stamp: Int64?, after last: Int64, _ gap: Int64, _ arrival: Int64) -> Int64 {
    discontinuity += 1
    let time = last.saturatingAdd(max(Self.nudge, gap))
    start(stamp, time, arrival)
    return time
  }

  /// From here on time is counted from `stamp`.
  private mutating func start(_ stamp: Int64?, _ time: Int64, _ arrival: Int64) {
    base = stamp.flatMap { stamp in
      let (difference, overflow) = stamp.subtractingReportingOverflow(time)
      return overflow ? nil : difference
    }
    lead = time.saturatingSubtract(arrival)
    standing = 0
    lastRise = arrival
    isByArrival = !hasStamps
    pace = ClockPace()
  }
}
