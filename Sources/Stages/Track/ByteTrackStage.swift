public import EdgepipeCore
public import Pipeline

/// Follows detections over time and numbers them, also through low scores (ByteTrack: two rounds of association).
///
/// Input: frames with detections, in order, from a detector whose `score` is set low (0.1): a thing that is half
/// covered or blurred scores low, and such detections continue tracks though they never start one. With a detector
/// that keeps only high scores this is little more than `track.sort`. Output: the same frames, the detections of
/// confirmed tracks numbered with `track`, unique in their stream and never used again. Only detections of one stage
/// and one label are matched with each other. Faces are left alone unless `labels` or `stages` names them. A frame that
/// a detecting stage did not look at (its `interval`, `maxRate` or `onMotion`) gets that stage's tracks where they are
/// expected, marked as predicted; tracks do not age by it. Drops: no frames; `onlyTracked` takes out the detections
/// without a track, which are many with a low `score`.
///
/// Trade-off: a lower `lowScore` and `matchLow` follow things further into hiding, and drift off to false alarms more
/// often; `newTrackScore` keeps false alarms from getting numbers, and misses things that never score well; `maxGapS`
/// keeps a number through a longer gap, and hands it on to the wrong thing more often. Tracks are forgotten when the
/// media time steps back, when no frame comes for `maxGapS`, and when the picture's size changes; numbers go on rising.
///
/// ```json
/// { "id": "tracks", "type": "track.bytetrack", "after": ["objects"], "config": { "onlyTracked": true } }
/// ```
public final class ByteTrackStage: FrameStage, AdjustableStage {
  public struct Configuration: StageConfiguration {
    public var maxGapS = 1.0
    public var minHits = 2
    public var lowScore = 0.1
    public var highScore = 0.5
    public var newTrackScore = 0.6
    public var matchHigh = 0.2
    public var matchLow = 0.5
    public var matchNew = 0.3
    public var onlyTracked = false
    public var labels: [String]?
    public var stages: [String]?

    public static let options: [ConfigurationOption<Self>] = [
      .init(
        "maxGapS", \.maxGapS, .number(0.01...60), changeable: true,
        "Seconds of media time for which a track outlives its last detection."),
      .init(
        "minHits", \.minHits, .integer(1...100), changeable: true,
        "Consecutive detections after which a track gets its number."),
      .init("lowScore", \.lowScore, .number(0...1), changeable: true, "Detections that score less are ignored."),
      .init(
        "highScore", \.highScore, .number(0...1), changeable: true,
        "Detections that score this or more are matched first; the others only with tracks that are not lost."),
      .init(
        "newTrackScore", \.newTrackScore, .number(0...1), changeable: true,
        "Detections that score this or more may start tracks."),
      .init(
        "matchHigh", \.matchHigh, .number(0.01...0.99), changeable: true,
        "Minimum overlap x score of a high-score detection and a numbered track's prediction."),
      .init(
        "matchLow", \.matchLow, .number(0.01...0.99), changeable: true,
        "Minimum overlap of a low-score detection and a numbered track's prediction."),
      .init(
        "matchNew", \.matchNew, .number(0.01...0.99), changeable: true,
        "Minimum overlap x score of a high-score detection and a track that has no number yet."),
      .init(
        "onlyTracked", \.onlyTracked, .bool, changeable: true, "Removes the detections that have no numbered track."),
      .init(
        "labels", \.labels, .list(.string, count: 1...1000), changeable: true,
        "Tracks only these labels; all but `face`, or all of the stages in `stages`, when absent."),
      .init("stages", \.stages, .list(.string, count: 1...100), "Tracks only the detections of these stages."),
    ]

    public init() {}

    var trackerOptions: ByteTracker.Options {
      ByteTracker.Options(
        maxGapSeconds: maxGapS, minHits: minHits, lowScore: Float(lowScore), highScore: Float(highScore),
        newTrackScore: Float(newTrackScore), matchHigh: Float(matchHigh), matchLow: Float(matchLow),
        matchNew: Float(matchNew))
    }
  }

  public static let type = "track.bytetrack"
  public static let summary = "Tracks detections over time and numbers them, also at low scores."
  public static let role = StageRole.transform

  private let id: String
  private let configuration: Configuration
  private let count = TrackCount()

  public init(_ configuration: Configuration, context: StageContext) throws {
    id = context.id
    self.configuration = configuration
    _ = try adjustment(for: configuration)
  }

  public func adjustment(for configuration: Configuration) throws -> Configuration {
    guard configuration.lowScore <= configuration.highScore else {
      throw PipelineError(
        "'lowScore' of '\(id)' is \(configuration.lowScore), more than its 'highScore' \(configuration.highScore)",
        remedy: "set 'lowScore' to the detector's 'score' and 'highScore' to the score of a clear detection",
        code: .invalidConfiguration)
    }
    return configuration
  }

  private static func settings(_ configuration: Configuration) -> TrackingSettings<ByteTracker.Options> {
    TrackingSettings(
      options: configuration.trackerOptions, maxGapSeconds: configuration.maxGapS,
      selection: TrackSelection(labels: configuration.labels, stages: configuration.stages),
      onlyTracked: configuration.onlyTracked)
  }

  public var interface: StageInterface { Self.settings(configuration).selection.interface }

  public func makeWorker(_ context: WorkerContext) -> any FrameWorker {
    TrackingWorker<ByteTracker>(of: id, configuration, count: count, read: Self.settings)
  }

  public var tips: [StageTip] { TrackCount.tips }
  public var facts: [String: ReportValue] { ["tracks": .int(count.value)] }
}
