import EdgepipeCore

/// Turns the time stamps of a file into media times that start at 0 and always rise, over every break of the file.
///
/// Where a stamp is missing the frame rate fills in. A stamp that does not rise is nudged. A break is a stamp that goes
/// back by more than a second (a wrap, files put one behind the other) or ahead by more than ten: each raises
/// ``discontinuity`` by one. After a break time goes on after the last frame, but follows the file's own gaps up to a day.
struct FrameTimeline {
  /// How often the time line has broken.
  private(set) var discontinuity = 0
  /// Nanoseconds from one frame to the next, when the stream says nothing better.
  private var frameDuration: Int64
  private var base: Int64?
  private var last: Int64?
  private var isBroken = false

  /// Frames a second where nothing states a rate.
  static let assumedRate = 25.0

  private static let nudge: Int64 = 1_000
  private static let backwardJump: Int64 = 1_000_000_000
  private static let forwardJump: Int64 = 10_000_000_000
  private static let day: Int64 = 86_400_000_000_000

  /// - Parameter frameRate: frames a second, or nil for ``assumedRate``.
  init(frameRate: Double?) { frameDuration = Self.duration(frameRate) }

  /// The next frame is the first of another file, with a clock of its own.
  mutating func beginFile(frameRate: Double?) {
    frameDuration = Self.duration(frameRate)
    isBroken = last != nil
  }

  mutating func next(_ stamp: MediaTime?) -> MediaTime {
    let time = place(stamp?.nanoseconds)
    last = time
    isBroken = false
    return MediaTime(nanoseconds: time)
  }

  private mutating func place(_ stamp: Int64?) -> Int64 {
    guard let last else {
      base = stamp
      return 0
    }
    if isBroken { return resume(stamp, after: last) }
    guard let stamp else { return last.saturatingAdd(frameDuration) }
    guard let base else { return rebase(stamp, last.saturatingAdd(frameDuration)) }
    let (time, wrapped) = stamp.subtractingReportingOverflow(base)
    if wrapped || time <= last - Self.backwardJump { return resume(stamp, after: last) }
    if time <= last { return last.saturatingAdd(Self.nudge) }
    guard time > last.saturatingAdd(Self.forwardJump) else { return time }
    if time > last.saturatingAdd(Self.day) { return resume(stamp, after: last) }
    discontinuity += 1
    return time
  }

  /// Goes on after a break.
  private mutating func resume(_ stamp: Int64?, after last: Int64) -> Int64 {
    discontinuity += 1
    return rebase(stamp, last.saturatingAdd(frameDuration))
  }

  private mutating func rebase(_ stamp: Int64?, _ time: Int64) -> Int64 {
    base = stamp.map { $0.subtractingReportingOverflow(time) }.flatMap { $0.overflow ? nil : $0.partialValue }
    return time
  }

  /// Nanoseconds from one frame to the next at a rate, or at ``assumedRate`` where that makes no sense.
  static func duration(_ frameRate: Double?) -> Int64 {
    let rate = frameRate.flatMap { $0.isFinite && $0 > 0.001 && $0 < 100_000 ? $0 : nil } ?? assumedRate
    return max(nudge, Int64((1e9 / rate).rounded()))
  }
}

extension Int64 {
  /// Media times that rise by less than a day a frame never get to the limit.
  func saturatingAdd(_ delta: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(delta)
    return overflow ? (delta < 0 ? .min : .max) : sum
  }

  func saturatingSubtract(_ other: Int64) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(other)
    return overflow ? (other < 0 ? .max : .min) : difference
  }
}
