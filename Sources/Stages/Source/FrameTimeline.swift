import Pipeline

/// Turns the decoder's time stamps into media times that start at 0 and always rise.
///
/// Where a stamp is missing the frame rate fills in. A stamp that does not rise is nudged; one that jumps back by more
/// than a second (a camera that restarted, a wrap) starts a new count after the last frame.
struct FrameTimeline {
  /// Nanoseconds from one frame to the next, when the stream says nothing better.
  private let frameDuration: Int64
  private var base: Int64?
  private var last: Int64?

  private static let nudge: Int64 = 1_000
  private static let jump: Int64 = 1_000_000_000

  /// - Parameter frameRate: frames a second, or nil for 25.
  init(frameRate: Double?) {
    let rate = frameRate.flatMap { $0.isFinite && $0 > 0.001 && $0 < 100_000 ? $0 : nil } ?? 25
    frameDuration = max(Self.nudge, Int64((1e9 / rate).rounded()))
  }

  mutating func next(_ stamp: MediaTime?) -> MediaTime {
    let time = place(stamp?.nanoseconds)
    last = time
    return MediaTime(nanoseconds: time)
  }

  private mutating func place(_ stamp: Int64?) -> Int64 {
    guard let last else {
      base = stamp
      return 0
    }
    let (following, overflow) = last.addingReportingOverflow(frameDuration)
    if overflow { return last }
    guard let stamp else { return following }
    guard let base else {
      self.base = stamp.subtractingReportingOverflow(following).partialValue
      return following
    }
    let (time, wrapped) = stamp.subtractingReportingOverflow(base)
    if !wrapped, time > last { return time }
    if !wrapped, time > last - Self.jump { return last + Self.nudge }
    self.base = stamp.subtractingReportingOverflow(following).partialValue
    return following
  }
}
