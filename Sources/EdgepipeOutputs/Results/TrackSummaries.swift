package import EdgepipeCore
package import Pipeline

/// Makes one summary of each track out of the frames that pass: used by one thread.
///
/// A track has ended once it was not seen for `goneS` of its stream's media time, when its stream breaks or ends, and at
/// the end of the run. One that comes back later than that begins a summary of its own. The memory is bounded: a path has a
/// fixed number of points, of too many open tracks those end first that were not seen for longest, and a stream of which
/// nothing came for a minute, while others went on, is let go.
package struct TrackSummaries {
  package struct Limits: Sendable {
    /// Longer than trackers usually wait for a thing to come back.
    package var goneS = 10.0
    /// Open tracks of all streams together.
    package var open = 10_000

    package init() {}
  }

  private struct Entry {
    var summary: TrackSummary
    /// Since ``takeChanged()``.
    var isChanged = true
  }

  private struct TrackKey: Hashable {
    let stage: String
    let track: Int
  }

  private struct Stream {
    var time: MediaTime
    var wall: WallTime
    var discontinuity: Int
    var nextSweep: MediaTime
    var tracks: [TrackKey: Entry] = [:]
  }

  /// How long a stream may say nothing while others go on, by the time of capture.
  private static let silenceNanoseconds: Int64 = 60_000_000_000
  private static let sweepNanoseconds: Int64 = 1_000_000_000

  private let limits: Limits
  private let goneNanoseconds: Int64
  private var streams: [String: Stream] = [:]
  private var nextSilenceCheck: WallTime?
  /// Open tracks of all streams.
  package private(set) var count = 0

  package init(limits: Limits = Limits()) {
    self.limits = limits
    goneNanoseconds = MediaTime(seconds: limits.goneS).nanoseconds
  }

  /// Takes a frame's tracked detections.
  ///
  /// - Parameter isWanted: which of them count.
  /// - Returns: the tracks that have ended, the oldest first.
  package mutating func add(
    _ frame: Frame, where isWanted: (_ stage: String, _ detection: Detection) -> Bool = { _, _ in true }
  ) -> [TrackSummary] {
    let header = frame.header, id = header.stream.id
    var ended: [TrackSummary] = []
    // Taken out while it is changed, so that nothing is copied.
    var stream =
      streams.removeValue(forKey: id)
      ?? Stream(
        time: header.mediaTime, wall: header.capturedWall, discontinuity: header.discontinuity,
        nextSweep: header.mediaTime.later(by: Self.sweepNanoseconds))
    if header.discontinuity != stream.discontinuity || header.mediaTime < stream.time {
      ended += takeAll(of: &stream)
      stream.discontinuity = header.discontinuity
      stream.nextSweep = header.mediaTime.later(by: Self.sweepNanoseconds)
    }
    stream.time = header.mediaTime
    stream.wall = header.capturedWall
    let moment = TrackSummary.Moment(frame: header.sequence, time: header.mediaTime, wall: header.capturedWall)
    for result in frame.results {
      for detection in result.detections {
        guard let track = detection.track, detection.box.isFinite, detection.score.isFinite,
          isWanted(result.stage, detection)
        else { continue }
        let key = TrackKey(stage: result.stage, track: track)
        if let summary = stream.tracks[key]?.summary,
          header.mediaTime.nanoseconds &- summary.last.time.nanoseconds > goneNanoseconds
        {
          ended.append(summary)
          stream.tracks[key] = nil
          count -= 1
        }
        if stream.tracks[key] == nil {
          let whose = TrackSummary.Key(stream: id, stage: result.stage, track: track)
          // Half a percent of the picture: less is the trembling of boxes.
          let summary = TrackSummary(whose, detection, at: moment, tolerance: max(1, Float(header.height) / 200))
          stream.tracks[key] = Entry(summary: summary)
          count += 1
        } else {
          stream.tracks[key]?.summary.add(detection, at: moment)
          stream.tracks[key]?.isChanged = true
        }
      }
    }
    if header.mediaTime >= stream.nextSweep {
      stream.nextSweep = header.mediaTime.later(by: Self.sweepNanoseconds)
      ended += takeGone(of: &stream)
    }
    streams[id] = stream
    ended += endSilentStreams(now: header.capturedWall)
    if count > limits.open { ended += endLongestUnseen() }
    return ended.sorted(by: Self.isBefore)
  }

  /// The stream's tracks have ended.
  package mutating func end(stream id: String) -> [TrackSummary] {
    guard var stream = streams.removeValue(forKey: id) else { return [] }
    return takeAll(of: &stream).sorted(by: Self.isBefore)
  }

  /// All tracks have ended.
  package mutating func endAll() -> [TrackSummary] {
    let ended = streams.values.flatMap { $0.tracks.values.map(\.summary) }.sorted(by: Self.isBefore)
    streams.removeAll()
    count = 0
    return ended
  }

  /// An open track, as far as it is known.
  package func open(_ key: TrackSummary.Key) -> TrackSummary? {
    streams[key.stream]?.tracks[TrackKey(stage: key.stage, track: key.track)]?.summary
  }

  /// The open tracks of which more is known than at the last call, the oldest first.
  package mutating func takeChanged() -> [TrackSummary] {
    var changed: [TrackSummary] = []
    for id in streams.keys {
      guard var stream = streams.removeValue(forKey: id) else { continue }
      for key in stream.tracks.keys where stream.tracks[key]?.isChanged == true {
        stream.tracks[key]?.isChanged = false
        if let summary = stream.tracks[key]?.summary { changed.append(summary) }
      }
      streams[id] = stream
    }
    return changed.sorted(by: Self.isBefore)
  }

  private mutating func takeAll(of stream: inout Stream) -> [TrackSummary] {
    defer {
      count -= stream.tracks.count
      stream.tracks.removeAll()
    }
    return stream.tracks.values.map(\.summary)
  }

  private mutating func takeGone(of stream: inout Stream) -> [TrackSummary] {
    let limit = stream.time.nanoseconds &- goneNanoseconds
    let gone = stream.tracks.filter { $0.value.summary.last.time.nanoseconds < limit }
    for key in gone.keys { stream.tracks[key] = nil }
    count -= gone.count
    return gone.values.map(\.summary)
  }

  private mutating func endSilentStreams(now: WallTime) -> [TrackSummary] {
    if let next = nextSilenceCheck, now.nanoseconds < next.nanoseconds { return [] }
    defer { nextSilenceCheck = WallTime(nanoseconds: now.nanoseconds &+ Self.silenceNanoseconds / 4) }
    let silent = streams.filter { now.nanoseconds &- $0.value.wall.nanoseconds > Self.silenceNanoseconds }.keys
    return silent.flatMap { end(stream: $0) }
  }

  /// Ends a tenth of the open tracks at once, so that this is not done for each new one.
  private mutating func endLongestUnseen() -> [TrackSummary] {
    let open = streams.values.flatMap { $0.tracks.values.map(\.summary) }
    let oldest = open.sorted {
      $0.last.wall == $1.last.wall ? Self.isBefore($0, $1) : $0.last.wall.nanoseconds < $1.last.wall.nanoseconds
    }
    .prefix(count - limits.open + limits.open / 10)
    for summary in oldest {
      streams[summary.key.stream]?.tracks[TrackKey(stage: summary.key.stage, track: summary.key.track)] = nil
    }
    count -= oldest.count
    return Array(oldest)
  }

  private static func isBefore(_ a: TrackSummary, _ b: TrackSummary) -> Bool {
    (a.first.wall.nanoseconds, a.key.stream, a.first.frame, a.key.stage, a.key.track)
      < (b.first.wall.nanoseconds, b.key.stream, b.first.frame, b.key.stage, b.key.track)
  }
}

extension MediaTime {
  fileprivate func later(by nanoseconds: Int64) -> MediaTime {
    MediaTime(nanoseconds: self.nanoseconds &+ nanoseconds)
  }
}
