/// Gives the packets of one video track the times that a file wants: decoding times that always rise, and none after the
/// picture is shown. What the demuxer says stays wherever it is so already.
///
/// RTSP says when a picture is shown and not when it is decoded. Where pictures turn out to be reordered, the decoding
/// times are taken from the order of the times shown; the first group in which that shows is a little off.
struct PacketStamps {
  struct Stamp: Equatable {
    var shown: Int64
    var decoded: Int64
    /// The clock has jumped: what follows belongs to another time line.
    var isBreak = false
  }

  /// Ticks of the track's clock a second.
  private let second: Double
  /// How many pictures are held back to put them in order; the demuxer's word is no longer taken where it was found out here.
  private var delay: Int
  private var isOwn = false
  /// The latest times shown, in order.
  private var latest: [Int64] = []
  private var last: Int64?
  /// From the times that the demuxer says to those that come out, where the first packets had none.
  private var offset: Int64 = 0
  private var isMadeUp = false
  private var hasStamps = false

  /// No codec holds back more.
  private static let longestDelay = 16

  init(ticksPerSecond: Double, delay: Int = 0) {
    second = ticksPerSecond
    self.delay = max(0, min(delay, Self.longestDelay))
  }

  /// - Parameters:
  ///   - shown, decoded: as the demuxer says, where it does.
  ///   - fallback: the time where it says neither.
  ///   - duration: from one picture to the next.
  ///   - gap: what really passed since the last packet, in ticks: a jump that it explains is none.
  mutating func next(
    shown: Int64?, decoded: Int64?, fallback: (Int64?) -> Int64, duration: Int64, gap: Int64 = 0
  ) -> Stamp {
    if shown != nil || decoded != nil {
      // The first packets of a connection may come before the server has said when its stream begins.
      if isMadeUp, let last, let first = decoded ?? shown { offset = last &+ duration &- first }
      (isMadeUp, hasStamps) = (false, true)
    } else {
      isMadeUp = !hasStamps
    }
    let shown = shown.map { $0 &+ offset }, decoded = decoded.map { $0 &+ offset }
    let given = shown ?? decoded ?? (hasStamps ? last.map { $0 &+ duration } : nil) ?? fallback(last)
    var isBreak = false
    if let last {
      let step = (decoded ?? given).subtractingReportingOverflow(last)
      let limit = 10 * second + Double(max(0, gap))
      if step.overflow || Double(step.partialValue) < -second || Double(step.partialValue) > limit {
        isBreak = true
        self.last = nil
        latest = []
      }
    }
    var time = given
    var decoding = isOwn ? order(given, duration) : decoded ?? order(given, duration)
    let isReordered = time < decoding || last.map { decoding <= $0 && time < $0 } ?? false
    if isReordered, delay < Self.longestDelay {
      delay += 1
      isOwn = true
      latest = [last ?? decoding]
      decoding = order(given, duration)
    }
    if let last, decoding <= last { decoding = last &+ 1 }
    time = max(time, decoding)
    last = decoding
    return Stamp(shown: time, decoded: decoding, isBreak: isBreak)
  }

  /// The smallest of the latest times shown: a picture is decoded when the one that is `delay` pictures before it is shown.
  private mutating func order(_ time: Int64, _ duration: Int64) -> Int64 {
    if latest.isEmpty {
      latest = (0...delay).map { time &- Int64(delay - $0) &* duration }
    } else {
      while latest.count <= delay { latest.insert(latest[0] &- duration, at: 0) }
      latest[0] = time
      latest.sort()
    }
    return latest[0]
  }
}
