public import Pipeline

extension FFmpegSource.Configuration {
  /// The pauses between a live stream's connections, in seconds.
  public struct Reconnect: ConfigurationObject {
    /// The shortest pause.
    public var minS = 1.0
    /// The longest pause.
    public var maxS = 45.0
    /// So many seconds of frames make a connection stable: the next loss starts with short pauses again.
    public var resetS = 30.0

    public static let options: [ConfigurationOption<Self>] = [
      .init("minS", \.minS, .number(0.01...3600), "The shortest pause, in seconds."),
      .init("maxS", \.maxS, .number(0.01...86_400), "The longest pause, in seconds."),
      .init(
        "resetS", \.resetS, .number(0...86_400), "Seconds of frames after which pauses start from the shortest again."),
    ]

    public init() {}
  }

  /// What the decoder leaves out to save time.
  public struct Skip: ConfigurationObject {
    /// `nonReference` leaves out pictures that no other builds on, `nonKey` all but key frames.
    var frames = DecoderOptions.SkippedFrames.none
    /// Leaving out the smoothing of block edges is fast; with `all` the pictures get worse up to the next key frame.
    var loopFilter = DecoderOptions.SkippedLoopFilter.none

    public static let options: [ConfigurationOption<Self>] = [
      .init(
        "frames", \.frames, .word(DecoderOptions.SkippedFrames.allCases.map(\.rawValue)),
        "Pictures that are not decoded: those that no other picture refers to, or all but key frames."),
      .init(
        "loopFilter", \.loopFilter, .word(DecoderOptions.SkippedLoopFilter.allCases.map(\.rawValue)),
        "Pictures decoded without the loop filter: those that no other picture refers to, or all."),
    ]

    public init() {}
  }
}
