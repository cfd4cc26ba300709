public import EdgepipeCore
public import Pipeline

/// Follows detections over time and numbers them (SORT: Kalman filter and assignment by overlap).
///
/// Input: frames with detections, in order. Output: the same frames, the detections of confirmed tracks numbered with
/// `track`, unique in their stream and never used again. Only detections of one stage and one label are matched with
/// each other. Faces are left alone unless `labels` or `stages` names them. A frame that a detecting stage did not look
/// at (its `interval`, `maxRate` or `onMotion`) gets that stage's tracks where they are expected, marked as predicted;
/// tracks do not age by it. Drops: nothing.
///
/// Trade-off: `maxGapS` keeps a number through a longer gap, and hands it on to the wrong thing more often; `minHits`
/// keeps passing false alarms from getting numbers, and delays numbers by as many looks of the detector. Tracks are
/// forgotten when the media time steps back, when no frame comes for `maxGapS`, and when the picture's size changes;
/// numbers go on rising.
///
/// ```json
/// { "id": "tracks", "type": "track.sort", "after": ["objects"], "config": { "maxGapS": 1.0, "labels": ["person"] } }
/// ```
public final class SortStage: FrameStage, AdjustableStage {
  public struct Configuration: StageConfiguration {
    public var maxGapS = 1.0
    public var minHits = 3
    public var iou = 0.3
    public var labels: [String]?
    public var stages: [String]?

    public static let options: [ConfigurationOption<Self>] = [
      .init(
        "maxGapS", \.maxGapS, .number(0.01...60), changeable: true,
        "Seconds of media time for which a track outlives its last detection."),
      .init(
        "minHits", \.minHits, .integer(1...100), changeable: true,
        "Consecutive detections after which a track gets its number."),
      .init(
        "iou", \.iou, .number(0.01...0.99), changeable: true,
        "Minimum overlap of a detection with a track's prediction."),
      .init(
        "labels", \.labels, .list(.string, count: 1...1000), changeable: true,
        "Tracks only these labels; all but `face`, or all of the stages in `stages`, when absent."),
      .init("stages", \.stages, .list(.string, count: 1...100), "Tracks only the detections of these stages."),
    ]

    public init() {}
  }

  public static let type = "track.sort"
  public static let summary = "Tracks detections over time and numbers them."
  public static let role = StageRole.transform

  private let id: String
  private let configuration: Configuration
  private let count = TrackCount()

  public init(_ configuration: Configuration, context: StageContext) throws {
    id = context.id
    self.configuration = configuration
  }

  private static func settings(_ configuration: Configuration) -> TrackingSettings<SortTracker.Options> {
    TrackingSettings(
      options: SortTracker.Options(
        maxGapSeconds: configuration.maxGapS, minHits: configuration.minHits, iouThreshold: Float(configuration.iou)),
      maxGapSeconds: configuration.maxGapS,
      selection: TrackSelection(labels: configuration.labels, stages: configuration.stages))
  }

  public var interface: StageInterface { Self.settings(configuration).selection.interface }

  public func makeWorker(_ context: WorkerContext) -> any FrameWorker {
    TrackingWorker<SortTracker>(of: id, configuration, count: count, read: Self.settings)
  }

  public func adjustment(for configuration: Configuration) -> Configuration { configuration }

  public var tips: [StageTip] { TrackCount.tips }
  public var facts: [String: ReportValue] { ["tracks": .int(count.value)] }
}
