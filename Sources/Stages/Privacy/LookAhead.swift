import EdgepipeCore
import Pipeline

/// One stream's frames that wait for later ones, and what is known of them. Used by one thread.
final class LookAhead {
  /// A live stream without frames for so long, or for ten times its usual time from frame to frame, is silent.
  private static let silenceNanoseconds: Int64 = 2_000_000_000

  /// The oldest first.
  private(set) var waiting: [Frame] = []
  private(set) var book: SubjectBook
  /// In pixels of the stream's pictures.
  private(set) var areas: [CoveredArea] = []
  private var last: FrameHeader
  private var interval: Int64 = 0
  /// Frames so far.
  private var count = 0
  var lastUse = 0

  init(_ first: FrameHeader, rules: SubjectBook.Rules, areas: [CoveredArea]) {
    last = first
    book = SubjectBook(rules)
    self.areas = areas
  }

  /// Whether nothing that was seen before says anything about the frame: the media time has stepped back, the source has
  /// begun anew, or the picture has another size.
  func isBroken(by header: FrameHeader) -> Bool {
    header.width != last.width || header.height != last.height || header.mediaTime < last.mediaTime
      || header.discontinuity != last.discontinuity
  }

  func add(_ frame: Frame, _ finds: [SubjectBook.Find], isLookedAt: Bool) {
    book.add(finds, frame: count, isLookedAt: isLookedAt)
    count += 1
    interval = max(0, frame.header.captured.nanoseconds(since: last.captured))
    last = frame.header
    waiting.append(frame)
  }

  /// The oldest frame, and its number for the book.
  func takeOldest() -> (frame: Frame, number: Int)? {
    guard !waiting.isEmpty else { return nil }
    return (waiting.removeFirst(), count - waiting.count - 1)
  }

  /// Whether a camera has stopped, so that what waits need not: by the instants of capture, which a replay has as well.
  func isSilent(at captured: MonotonicTime) -> Bool {
    guard !waiting.isEmpty, last.stream.isLive else { return false }
    return captured.nanoseconds(since: last.captured) > max(Self.silenceNanoseconds, 10 * interval)
  }
}
