import EdgepipeCore

/// The rolling list of a live stream's segments (RFC 8216).
struct HLSPlaylist: Sendable {
  struct Segment: Sendable, Hashable {
    var number: Int
    var seconds: Double
    /// When its first picture was captured.
    var wall: WallTime
    /// Its times do not follow those of the segment before.
    var isBreak: Bool
  }

  static let fileName = "index.m3u8"

  /// What all segments need.
  let initialization: String
  /// How many segments are listed.
  let length: Int
  private(set) var segments: [Segment] = []
  private var targetSeconds = 1
  /// Breaks that have left the list.
  private var pastBreaks = 0

  init(initialization: String, length: Int) { (self.initialization, self.length) = (initialization, max(1, length)) }

  static func name(of segment: Int) -> String { "segment-\(segment).m4s" }

  /// - Returns: the segments that are listed no more.
  mutating func add(_ segment: Segment) -> [Segment] {
    segments.append(segment)
    // The target may not be less than any segment's rounded length.
    targetSeconds = max(targetSeconds, Int(segment.seconds.rounded()))
    let past = Array(segments.prefix(max(0, segments.count - length)))
    segments.removeFirst(past.count)
    pastBreaks += past.count { $0.isBreak }
    return past
  }

  /// - Parameter isEnded: no more segments come.
  func text(isEnded: Bool) -> String {
    var lines = [
      "#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-TARGETDURATION:\(targetSeconds)",
      "#EXT-X-MEDIA-SEQUENCE:\(segments.first?.number ?? 0)", "#EXT-X-DISCONTINUITY-SEQUENCE:\(pastBreaks)",
      "#EXT-X-MAP:URI=\"\(initialization)\"",
    ]
    for segment in segments {
      if segment.isBreak { lines.append("#EXT-X-DISCONTINUITY") }
      lines.append("#EXT-X-PROGRAM-DATE-TIME:\(segment.wall.iso8601)")
      let micros = Int((segment.seconds * 1e6).rounded()), digits = String(1_000_000 + micros % 1_000_000)
      lines.append("#EXTINF:\(micros / 1_000_000).\(digits.dropFirst()),")
      lines.append(Self.name(of: segment.number))
    }
    if isEnded { lines.append("#EXT-X-ENDLIST") }
    return lines.joined(separator: "\n") + "\n"
  }
}
