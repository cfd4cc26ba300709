import EdgepipeCore
import Foundation

/// What streams usually show, kept in a file.
struct ScoreBaselines: Sendable, Hashable, Codable {
  struct Baseline: Sendable, Hashable, Codable {
    /// When its first frame was captured, in nanoseconds since 1970: tells a replay of the run that learned it.
    var from: Int64
    /// Of results, which no run has learned.
    static let recorded = Int64.min
    var tally: ScoreTally
  }

  private static let version = 1
  private static let mostBytes = 16 << 20
  /// Of more streams, those that come later are not kept.
  static let mostStreams = 256

  private var version = ScoreBaselines.version
  private(set) var streams: [String: Baseline] = [:]

  init() {}

  /// - Throws: ``PipelineError`` `malformed` where the file is not what ``write(to:)`` has written.
  init(reading path: String) throws(PipelineError) {
    let data = try readFile(URL(fileURLWithPath: path), what: "the baseline", limit: Self.mostBytes)
    guard let read = try? JSONDecoder().decode(Self.self, from: data), read.version == Self.version,
      read.streams.count <= Self.mostStreams, read.streams.values.allSatisfy({ $0.tally.isSound })
    else {
      throw PipelineError(
        "the baseline '\(path)' is damaged, or of another version of edgepipe",
        remedy: "remove it, and the stage learns another one", code: .malformed)
    }
    self = read
  }

  subscript(stream: String) -> Baseline? { streams[stream] }

  /// - Returns: false where there are too many.
  mutating func set(_ baseline: Baseline, for stream: String) -> Bool {
    guard streams[stream] != nil || streams.count < Self.mostStreams else { return false }
    streams[stream] = baseline
    return true
  }

  /// The whole file or, where that fails, what was there before.
  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(self), as: UTF8.self)
    try WholeFile.write(to: path) { try $0(text + "\n") }
  }
}
