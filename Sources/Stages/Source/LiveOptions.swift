import EdgepipeCore

extension FFmpegSource.Configuration {
  /// The pauses between a live stream's connections, in seconds.
  public struct Reconnect: Decodable, Sendable {
    /// The shortest pause.
    public var minS = 1.0
    /// The longest pause.
    public var maxS = 45.0
    /// So many seconds of frames make a connection stable: the next loss starts with short pauses again.
    public var resetS = 30.0

    static let schema = ObjectSchema([
      .init("minS", .number(0.01...3600), default: "1", "The shortest pause, in seconds."),
      .init("maxS", .number(0.01...86_400), default: "45", "The longest pause, in seconds."),
      .init(
        "resetS", .number(0...86_400), default: "30",
        "Seconds of frames after which pauses start from the shortest again."),
    ])

    private enum Key: String, CodingKey { case minS, maxS, resetS }

    public init() {}

    public init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      minS = try values.decodeIfPresent(Double.self, forKey: .minS) ?? minS
      maxS = try values.decodeIfPresent(Double.self, forKey: .maxS) ?? maxS
      resetS = try values.decodeIfPresent(Double.self, forKey: .resetS) ?? resetS
    }
  }

  /// What the decoder leaves out to save time.
  public struct Skip: Decodable, Sendable {
    /// `nonReference` leaves out pictures that no other builds on, `nonKey` all but key frames.
    var frames = DecoderOptions.SkippedFrames.none
    /// Leaving out the smoothing of block edges is fast; with `all` the pictures get worse up to the next key frame.
    var loopFilter = DecoderOptions.SkippedLoopFilter.none

    static let schema = ObjectSchema([
      .init(
        "frames", .word(DecoderOptions.SkippedFrames.allCases.map(\.rawValue)), default: "\"none\"",
        "Pictures that are not decoded: those that no other builds on, or all but key frames."),
      .init(
        "loopFilter", .word(DecoderOptions.SkippedLoopFilter.allCases.map(\.rawValue)), default: "\"none\"",
        "Pictures whose block edges are not smoothed: those that no other builds on, or all."),
    ])

    private enum Key: String, CodingKey { case frames, loopFilter }

    public init() {}

    public init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      frames = try values.decodeIfPresent(DecoderOptions.SkippedFrames.self, forKey: .frames) ?? frames
      loopFilter = try values.decodeIfPresent(DecoderOptions.SkippedLoopFilter.self, forKey: .loopFilter) ?? loopFilter
    }
  }
}
