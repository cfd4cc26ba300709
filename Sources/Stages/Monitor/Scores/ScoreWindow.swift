import EdgepipeCore

/// The last while of a stream, in parts of media time of which the oldest are forgotten.
struct ScoreWindow: Sendable {
  static let parts = 12
  /// The parts that the mean score is of, which is to be noticed sooner.
  static let recentParts = 3

  /// In nanoseconds.
  private let partLength: Int64
  private var full: [ScoreTally] = []
  private var current = ScoreTally()
  private var start: MediaTime?

  init(seconds: Double) {
    partLength = max(1, MediaTime(seconds: seconds / Double(Self.parts)).nanoseconds)
  }

  /// All parts have been filled.
  var isFull: Bool { full.count == Self.parts }
  /// Of the parts that are complete.
  var all: ScoreTally { Self.sum(full[...]) }
  var recent: ScoreTally { Self.sum(full.suffix(Self.recentParts)) }

  private static func sum(_ tallies: ArraySlice<ScoreTally>) -> ScoreTally {
    tallies.reduce(into: ScoreTally()) { $0.add($1) }
  }

  /// Call before a frame's detections are added.
  ///
  /// - Returns: whether a part is complete now, so that there is something to judge.
  mutating func advance(to time: MediaTime) -> Bool {
    guard let start else {
      self.start = time
      return false
    }
    let (elapsed, overflow) = time.nanoseconds.subtractingReportingOverflow(start.nanoseconds)
    // Time has stepped back, or so far ahead that nothing of the while is left.
    guard !overflow, elapsed >= 0, elapsed / partLength < Self.parts else {
      let hasLeapt = overflow || elapsed > 0
      self = ScoreWindow(keeping: hasLeapt ? [] : full, partLength: partLength, start: time)
      return false
    }
    guard elapsed >= partLength else { return false }
    full.append(current)
    if full.count > Self.parts { full.removeFirst() }
    current = ScoreTally()
    self.start = time
    return true
  }

  private init(keeping full: [ScoreTally], partLength: Int64, start: MediaTime) {
    (self.full, self.partLength, self.start) = (full, partLength, start)
  }

  mutating func add(_ detections: some Sequence<Detection>, width: Int, height: Int) {
    current.add(detections, width: width, height: height)
  }
}
