import EdgepipeCore

/// Turns media times into the rising ticks that a video file needs, whatever the input's times do.
struct VideoTimeline {
  /// A longer step forward is taken for a fault of the input, like any step back: the file goes on at the last pace.
  static let longestStepNanoseconds: Int64 = 3_600_000_000_000

  /// Of the last frame; -1 before the first.
  private(set) var ticks: Int64 = -1
  /// The last step between frames; a twenty-fifth of a second until one is known.
  private var step: Int64 = 3600
  private var anchorTime = MediaTime(nanoseconds: 0)
  private var anchorTicks: Int64 = 0
  private var lastTime = MediaTime(nanoseconds: 0)

  /// The time of the next frame in ticks of 1/90000 s, the first one's being 0.
  mutating func next(_ time: MediaTime) -> Int64 {
    let (elapsed, overflow) = time.nanoseconds.subtractingReportingOverflow(lastTime.nanoseconds)
    if ticks < 0 {
      (anchorTime, anchorTicks, ticks) = (time, 0, 0)
    } else if overflow || elapsed < 0 || elapsed > Self.longestStepNanoseconds {
      (anchorTime, anchorTicks, ticks) = (time, ticks + step, ticks + step)
    } else {
      let sinceAnchor = time.nanoseconds &- anchorTime.nanoseconds
      // 9 ticks each 100,000 ns, rounded down; times that repeat follow on by one tick.
      let exact = anchorTicks + sinceAnchor / 100_000 * 9 + sinceAnchor % 100_000 * 9 / 100_000
      let next = max(ticks + 1, exact)
      if elapsed > 0 { step = next - ticks }
      ticks = next
    }
    lastTime = time
    return ticks
  }
}
