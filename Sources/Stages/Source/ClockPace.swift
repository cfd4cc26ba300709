/// Notices a camera's clock that runs at another speed than real time, such as one that counts milliseconds where
/// 90,000 ticks a second are meant, or counts frames at a rate that the camera does not have.
///
/// Frames are late by what the network makes of it, so only the promptest frame of each block of some seconds counts.
/// Bursts, as after a pause of the network or of a stream in segments, do not change it; a clock that is off moves it
/// on and on.
struct ClockPace {
  private var blockBegin: Int64?
  private var promptest: (lead: Int64, arrival: Int64)?
  private var previous: (lead: Int64, arrival: Int64)?
  /// Blocks in a row that moved the same way; negative for a clock that is slow.
  private var moved = 0

  private static let blockLength: Int64 = 5_000_000_000
  private static let tolerance: Int64 = 500_000_000
  private static let blocks = 3

  /// Takes the next frame, in nanoseconds.
  mutating func isOff(_ time: Int64, _ arrival: Int64) -> Bool {
    let lead = time.saturatingSubtract(arrival)
    let begin = blockBegin ?? arrival
    blockBegin = begin
    if arrival.saturatingSubtract(begin) >= Self.blockLength {
      endBlock()
      blockBegin = arrival
      promptest = nil
    }
    if promptest.map({ lead > $0.lead }) ?? true { promptest = (lead, arrival) }
    return abs(moved) >= Self.blocks
  }

  private mutating func endBlock() {
    guard let promptest else { return }
    defer { previous = promptest }
    guard let previous else { return }
    let change = promptest.lead.saturatingSubtract(previous.lead)
    let limit = max(Self.tolerance, promptest.arrival.saturatingSubtract(previous.arrival) / 10)
    if change > limit {
      moved = max(moved, 0) + 1
    } else if change < -limit {
      moved = min(moved, 0) - 1
    } else {
      moved = 0
    }
  }
}

/// Watches the stamps of a camera whose clock has failed until they behave like a clock again: for some seconds each one
/// rises, and together they rise by the time that passed.
struct ClockTrial {
  private var begin: (stamp: Int64, arrival: Int64)?
  private var last: Int64?

  private static let length: Int64 = 5_000_000_000

  /// Takes the next stamp, in nanoseconds.
  mutating func isPassed(_ stamp: Int64, _ arrival: Int64) -> Bool {
    guard let begin, let last, stamp > last else {
      self.begin = (stamp, arrival)
      last = stamp
      return false
    }
    self.last = stamp
    let passed = arrival.saturatingSubtract(begin.arrival)
    guard passed >= Self.length else { return false }
    let difference = stamp.saturatingSubtract(begin.stamp).saturatingSubtract(passed)
    self.begin = (stamp, arrival)
    return difference.magnitude <= UInt64(max(0, passed / 20))
  }
}
