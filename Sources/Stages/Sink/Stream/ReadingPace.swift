import Pipeline

/// Notices a file that is read faster than a receiver can show it.
struct ReadingPace {
  private let begin: FrameHeader
  private var isNoted = false

  /// More than any receiver holds back.
  private static let leadNanoseconds: Int64 = 10_000_000_000

  init(_ first: FrameHeader) { begin = first }

  /// True once.
  mutating func isTooFast(_ header: FrameHeader) -> Bool {
    guard !isNoted, !header.stream.isLive else { return false }
    let shown = header.mediaTime.nanoseconds.subtractingReportingOverflow(begin.mediaTime.nanoseconds)
    let passed = header.captured.nanoseconds(since: begin.captured)
    isNoted = !shown.overflow && shown.partialValue > passed.addingReportingOverflow(Self.leadNanoseconds).partialValue
    return isNoted
  }
}
