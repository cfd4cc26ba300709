import EdgepipeCore
public import Pipeline

/// Makes frames without pictures at a steady rate: for measuring the graph itself, without decoding.
///
/// Input: none. Output: `frames` frames a stream, each due at its own instant on an absolute schedule, captured when it
/// is made. Streams are named `<id>-1`, `<id>-2` and so on; a single one has the stage's id.
///
/// Drops: nothing itself; live streams are dropped like a camera's where the pipeline cannot take them.
///
/// Trade-off: there are no pixels, so that only stages that need none can follow (`detect.null`, trackers, sinks of
/// results).
///
/// ```json
/// { "id": "camera", "type": "source.synthetic", "config": { "streams": 8, "fps": 30, "frames": 900 } }
/// ```
public final class SyntheticSource: SourceStage {
  public struct Configuration: StageConfiguration {
    public var streams = 1
    public var fps = 30.0
    public var frames = 300
    public var live = true
    public var width = 1920
    public var height = 1080

    public static let options: [ConfigurationOption<Self>] = [
      .init("streams", \.streams, .integer(1...1000), "Number of streams."),
      .init("fps", \.fps, .number(0.001...100_000), "Frames per second of each stream."),
      .init("frames", \.frames, .integer(1...1_000_000_000_000), meaning: .frameLimit, "Frames of each stream."),
      .init("live", \.live, .bool, "Streams are live: they never wait for the pipeline."),
      .init("width", \.width, .integer(1...65_536), "The stated width of the frames, in pixels."),
      .init("height", \.height, .integer(1...65_536), "The stated height of the frames, in pixels."),
    ]

    public init() {}
  }

  public static let type = "source.synthetic"
  public static let summary = "Generates frames without pictures at a steady rate, for measurements."

  public let streams: [StreamInfo]
  private let configuration: Configuration
  private let context: StageContext

  public init(_ configuration: Configuration, context: StageContext) {
    self.configuration = configuration
    self.context = context
    streams = (1...configuration.streams).map { number in
      StreamInfo(
        id: configuration.streams == 1 ? context.id : "\(context.id)-\(number)", sourceStage: context.id,
        isLive: configuration.live)
    }
  }

  public func run(_ stream: StreamInfo, _ output: any SourceOutput) throws {
    let clock = context.clock, start = clock.now()
    let budget = stream.isLive ? stream.deadlineMs ?? context.deadlineMs : nil
    for sequence in 0..<configuration.frames {
      let seconds = Double(sequence) / configuration.fps
      let due = start.advanced(byMilliseconds: seconds * 1000)
      if clock.now() < due, !output.wait(until: due) { return }
      let captured = clock.now()
      let header = FrameHeader(
        stream: stream, sequence: sequence, mediaTime: MediaTime(seconds: seconds), captured: captured,
        capturedWall: clock.wallTime(), deadline: budget.map { captured.advanced(byMilliseconds: $0) },
        source: "synthetic", width: configuration.width, height: configuration.height,
        detectionShare: context.detectionShare(isPaced: true))
      if output.emit(Frame(header: header, image: nil)) == .stopped { return }
      output.report(
        position: header.mediaTime, duration: MediaTime(seconds: Double(configuration.frames) / configuration.fps))
    }
  }
}
