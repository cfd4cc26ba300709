import Pipeline

/// Turns the decoder's time stamps into media times that start at 0 and always rise, over every break of the stream.
///
/// Where a stamp is missing the frame rate fills in. A stamp that does not rise is nudged. A break is a stamp that goes
/// back by more than a second (a camera that restarted, a wrap) or ahead by more than ten, or a new connection: each
/// raises ``discontinuity`` by one. After a break a live stream goes on after the time that really passed; a file goes on
/// after the last frame, but follows its own gaps up to a day.
struct FrameTimeline {
  /// How often the time line has broken.
  private(set) var discontinuity = 0
  private let isLive: Bool
  /// Nanoseconds from one frame to the next, when the stream says nothing better.
  private var frameDuration: Int64
  private var base: Int64?
  private var last: Int64?
  private var lastCapture: MonotonicTime?
  private var isBroken = false

  private static let nudge: Int64 = 1_000
  private static let backwardJump: Int64 = 1_000_000_000
  private static let forwardJump: Int64 = 10_000_000_000
  private static let day: Int64 = 86_400_000_000_000

  /// - Parameter frameRate: frames a second, or nil for 25.
  init(frameRate: Double?, isLive: Bool = false) {
    self.isLive = isLive
    frameDuration = Self.duration(frameRate)
  }

  /// The next frame comes over a new connection, with a clock of its own.
  mutating func reconnected(frameRate: Double?) {
    frameDuration = Self.duration(frameRate)
    isBroken = last != nil
  }

  /// - Parameter captured: when the frame came; only live streams need it.
  mutating func next(_ stamp: MediaTime?, captured: MonotonicTime? = nil) -> MediaTime {
    let time = place(stamp?.nanoseconds, captured)
    last = time
    lastCapture = captured
    isBroken = false
    return MediaTime(nanoseconds: time)
  }

  private mutating func place(_ stamp: Int64?, _ captured: MonotonicTime?) -> Int64 {
    guard let last else {
      base = stamp
      return 0
    }
    if isBroken { return resume(stamp, after: last, captured) }
    guard let stamp else { return last.advanced(frameDuration) }
    guard let base else { return rebase(stamp, last.advanced(frameDuration)) }
    let (time, wrapped) = stamp.subtractingReportingOverflow(base)
    if wrapped || time <= last - Self.backwardJump { return resume(stamp, after: last, captured) }
    if time <= last { return last.advanced(Self.nudge) }
    guard time > last.advanced(Self.forwardJump) else { return time }
    if isLive || time > last.advanced(Self.day) { return resume(stamp, after: last, captured) }
    discontinuity += 1
    return time
  }

  /// Goes on after a break.
  private mutating func resume(_ stamp: Int64?, after last: Int64, _ captured: MonotonicTime?) -> Int64 {
    discontinuity += 1
    var gap = frameDuration
    if isLive, let captured, let lastCapture { gap = max(gap, captured.nanoseconds(since: lastCapture)) }
    return rebase(stamp, last.advanced(gap))
  }

  private mutating func rebase(_ stamp: Int64?, _ time: Int64) -> Int64 {
    base = stamp.map { $0.subtractingReportingOverflow(time) }.flatMap { $0.overflow ? nil : $0.partialValue }
    return time
  }

  private static func duration(_ frameRate: Double?) -> Int64 {
    let rate = frameRate.flatMap { $0.isFinite && $0 > 0.001 && $0 < 100_000 ? $0 : nil } ?? 25
    return max(nudge, Int64((1e9 / rate).rounded()))
  }
}

extension Int64 {
  /// Saturating; media times that rise by less than a day a frame never get there.
  fileprivate func advanced(_ delta: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(delta)
    return overflow ? .max : sum
  }
}
