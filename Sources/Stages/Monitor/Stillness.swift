import EdgepipeCore

/// Tells from a stream's past whether a picture that does not change is a fault: a plain value.
///
/// A sensor has noise, so that a picture of nothing that moves still differs from the one before. Encoders take noise away
/// and repeat a picture until the next key frame, so the longest time for which this stream usually stands still is learned.
struct Stillness: Sendable {
  /// Differences below are none: what rounding leaves of equal pictures, in levels of 255.
  static let none = 0.02
  /// Above, something moves, however noisy the stream is.
  static let most = 0.15
  /// A picture is still when it differs by less than this share of the stream's noise.
  static let share = 0.3
  /// A run is unusual when it is so many times as long as the longest of the stream's past.
  static let runs = 3.0

  /// The stream's noise: what the lower differences of its past are.
  private(set) var noise: Double?
  /// The longest run of its past, in seconds; fades, so that one long run does not count forever.
  private(set) var longest = 0.0
  /// The first picture of the run that goes on.
  private(set) var start: Moment?
  /// Something has moved since the stream is watched. One that never has is a still picture, and usual.
  private(set) var hasMoved = false

  var limit: Double { min(Self.most, max(Self.none, Self.share * (noise ?? 0))) }

  /// - Parameters:
  ///   - difference: to the most similar of the last pictures; nil where there is none.
  ///   - weight: of this picture in what is usual, 0 to 1.
  ///   - learns: false while it is frozen, which is not usual.
  mutating func take(_ difference: Double?, at moment: Moment, weight: Double, learns: Bool) {
    guard let difference else { return }
    if difference <= limit {
      if start == nil { start = moment }
      return
    }
    if learns, let start { longest = max(longest, Double(moment.nanoseconds(since: start)) / 1e9) }
    start = nil
    hasMoved = true
    // Lower differences count ten times as much, so that the value stays among them.
    let known = noise ?? difference
    noise = known + (difference < known ? weight : weight / 10) * (difference - known)
    longest *= 1 - weight
  }

  /// What is not to be learned from, such as a covered lens, has ended the run.
  mutating func forgetRun() { start = nil }

  /// Seconds of standing still from which on it is a fault.
  func allowed(_ seconds: Double) -> Double { max(seconds, Self.runs * longest) }

  /// The first picture of a run that is a fault by now.
  func frozenSince(at moment: Moment, allowed seconds: Double) -> Moment? {
    guard hasMoved, let start else { return nil }
    return Double(moment.nanoseconds(since: start)) / 1e9 >= allowed(seconds) ? start : nil
  }
}
