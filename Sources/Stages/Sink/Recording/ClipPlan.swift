import EdgepipeCore

/// Which clips of one stream there are to be: the rule alone, on the clock of the stream's packets.
///
/// Each event asks for some seconds before and after it. What overlaps is one clip, which grows up to a longest; what comes
/// then begins another where it ends. A clip is settled, and so can be closed, when no event can overlap it any more.
struct ClipPlan {
  struct Clip: Sendable, Hashable {
    let id: Int
    let generation: Int
    /// Where its first event asked it to begin.
    let asked: MediaTime
    /// Where it is to begin: later than asked where the clip before it ends later.
    let begin: MediaTime
    fileprivate(set) var end: MediaTime
    fileprivate(set) var isSettled = false
    /// It is as long as it may be.
    fileprivate(set) var isLongest = false
  }

  struct Lengths: Sendable {
    var before: MediaTime
    var after: MediaTime
    var longest: MediaTime
  }

  private let lengths: Lengths
  /// Those that are not closed yet, in order; only the last one can grow.
  private(set) var clips: [Clip] = []
  private var lastEnd: StreamPlace?
  private var nextID = 0

  init(_ lengths: Lengths) { self.lengths = lengths }

  /// - Returns: the event's clip, and whether it is a new one.
  mutating func event(at place: StreamPlace) -> (clip: Clip, isNew: Bool) {
    let asked = place.time - lengths.before
    if let last = clips.indices.last, !clips[last].isSettled, clips[last].generation == place.generation,
      asked <= clips[last].end, place.time < clips[last].begin + lengths.longest
    {
      let limit = clips[last].begin + lengths.longest, wanted = place.time + lengths.after
      clips[last].isLongest = clips[last].isLongest || wanted > limit
      clips[last].end = max(clips[last].end, min(wanted, limit))
      lastEnd = StreamPlace(generation: place.generation, time: clips[last].end)
      return (clips[last], false)
    }
    settle()
    var begin = asked
    // Pictures are in one clip only, but each event is in its own.
    if let lastEnd, lastEnd.generation == place.generation, lastEnd.time <= place.time {
      begin = max(asked, lastEnd.time)
    }
    let limit = begin + lengths.longest, wanted = place.time + lengths.after
    nextID += 1
    let clip = Clip(
      id: nextID, generation: place.generation, asked: asked, begin: begin, end: min(wanted, limit),
      isLongest: wanted > limit)
    clips.append(clip)
    lastEnd = StreamPlace(generation: place.generation, time: clip.end)
    return (clip, true)
  }

  /// A frame has come, and with it all its events.
  mutating func frame(at place: StreamPlace) {
    guard let last = clips.last, !last.isSettled else { return }
    if place.generation != last.generation || place.time > last.end + lengths.before { settle() }
  }

  /// No event comes into the last clip any more.
  mutating func settle() { if !clips.isEmpty { clips[clips.count - 1].isSettled = true } }

  /// The clip is closed.
  mutating func remove(_ id: Int) { clips.removeAll { $0.id == id } }
}

extension MediaTime {
  static func + (a: Self, b: Self) -> Self {
    let (sum, overflow) = a.nanoseconds.addingReportingOverflow(b.nanoseconds)
    return Self(nanoseconds: overflow ? (b.nanoseconds < 0 ? .min : .max) : sum)
  }

  static func - (a: Self, b: Self) -> Self {
    let (difference, overflow) = a.nanoseconds.subtractingReportingOverflow(b.nanoseconds)
    return Self(nanoseconds: overflow ? (b.nanoseconds < 0 ? .max : .min) : difference)
  }
}
