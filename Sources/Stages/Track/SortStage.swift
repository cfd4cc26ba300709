import Foundation
import Pipeline
import Synchronization

/// Follows detections over time and numbers them (SORT: Kalman filter and assignment by overlap).
///
/// Input: frames with detections, in order. Output: the same frames, the detections of confirmed tracks numbered with
/// `track`, unique in their stream and never used again. Only detections of one stage and one label are matched with
/// each other. Faces are left alone unless `labels` or `stages` names them. Drops: nothing.
///
/// Trade-off: `maxGapS` keeps a number through a longer gap, and hands it on to the wrong thing more often; `minHits`
/// keeps passing false alarms from getting numbers, and delays numbers by as many frames. Tracks are forgotten when
/// the media time steps back or the picture's size changes; numbers go on rising.
///
/// ```json
/// { "id": "tracks", "type": "track.sort", "after": ["objects"], "config": { "maxGapS": 1.0, "labels": ["person"] } }
/// ```
public final class SortStage: FrameStage {
  public struct Configuration: StageConfiguration {
    public var maxGapS: Double
    public var minHits: Int
    public var iou: Double
    public var labels: [String]?
    public var stages: [String]?

    public static let schema = ObjectSchema([
      .init(
        "maxGapS", .number(0.01...60), default: "1.0",
        "Seconds of media time for which a track outlives its last detection."),
      .init("minHits", .integer(1...100), default: "3", "Detections in a row after which a track gets its number."),
      .init("iou", .number(0.01...0.99), default: "0.3", "Least overlap of a detection with a track's prediction."),
      .init(
        "labels", .list(.string, count: 1...1000),
        "Track only these labels; by default all but `face`, or all of the stages in `stages`."),
      .init("stages", .list(.string, count: 1...100), "Track only what these stages found."),
    ])

    public init(
      maxGapS: Double = 1, minHits: Int = 3, iou: Double = 0.3, labels: [String]? = nil, stages: [String]? = nil
    ) {
      self.maxGapS = maxGapS
      self.minHits = minHits
      self.iou = iou
      self.labels = labels
      self.stages = stages
    }

    private enum CodingKeys: CodingKey { case maxGapS, minHits, iou, labels, stages }

    public init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      self.init(
        maxGapS: try values.decodeIfPresent(Double.self, forKey: .maxGapS) ?? 1,
        minHits: try values.decodeIfPresent(Int.self, forKey: .minHits) ?? 3,
        iou: try values.decodeIfPresent(Double.self, forKey: .iou) ?? 0.3,
        labels: try values.decodeIfPresent([String].self, forKey: .labels),
        stages: try values.decodeIfPresent([String].self, forKey: .stages))
    }
  }

  public static let type = "track.sort"
  public static let summary = "Follows detections over time and numbers them."
  public static let role = StageRole.transform

  /// Streams whose tracks are kept; of more, the one that was silent for longest is forgotten.
  static let maximumStreams = 256

  private let configuration: Configuration
  private let context: StageContext
  private let tracksSeen = Mutex(0)

  public init(_ configuration: Configuration, context: StageContext) throws {
    self.configuration = configuration
    self.context = context
  }

  public func connect(to peers: StagePeers) throws {
    for id in configuration.stages ?? [] where peers.stages[id] == nil {
      throw PipelineError(
        "'stages' of '\(context.id)' names '\(id)', which is no stage of this pipeline",
        remedy: "known: \(peers.stages.keys.sorted().joined(separator: ", "))", exit: .config)
    }
  }

  public func makeWorker(_ worker: WorkerContext) -> any FrameWorker { Worker(stage: self) }

  public var facts: [String: ReportValue] { ["tracks": .int(tracksSeen.withLock { $0 })] }

  private struct GroupKey: Hashable {
    let stage: String
    let label: String
  }

  private struct StreamState {
    var tracker: SortTracker
    var width: Int
    var height: Int
    var lastUse: Int
  }

  private final class Worker: FrameWorker {
    let stage: SortStage
    let options: SortTracker.Options
    let labels: Set<String>?
    let stages: Set<String>?
    var streams: [String: StreamState] = [:]
    var uses = 0
    /// Streams that come back after they were forgotten start above every id that was ever given.
    var firstID = 1
    var groups: [GroupKey: Int] = [:]
    var observations: [SortTracker.Observation] = []
    var ids: [Int?] = []

    init(stage: SortStage) {
      self.stage = stage
      let configuration = stage.configuration
      options = SortTracker.Options(
        maxGapSeconds: configuration.maxGapS, minHits: max(1, configuration.minHits),
        iouThreshold: Float(configuration.iou))
      labels = configuration.labels.map(Set.init)
      stages = configuration.stages.map(Set.init)
    }

    func process(_ frame: Frame) -> FrameOutcome {
      observations.removeAll(keepingCapacity: true)
      for result in frame.results {
        for detection in result.detections where isTracked(detection, of: result.stage) {
          observations.append(.init(box: detection.box, group: group(of: detection, result.stage)))
        }
      }
      track(frame.header)

      var frame = frame
      var next = 0
      for result in frame.results {
        var detections = result.detections
        var isChanged = false
        for index in detections.indices where isTracked(detections[index], of: result.stage) {
          detections[index].track = ids[next]
          next += 1
          isChanged = true
        }
        guard isChanged else { continue }
        frame.attach(StageResults(stage: result.stage, revision: result.revision + 1, detections: detections))
      }
      return .emit(frame)
    }

    private func track(_ header: FrameHeader) {
      let id = header.stream.id
      uses += 1
      var state =
        streams.removeValue(forKey: id)
        ?? StreamState(
          tracker: SortTracker(options: options, firstID: firstID), width: header.width, height: header.height,
          lastUse: uses)
      if state.width != header.width || state.height != header.height {
        state.tracker.reset()
        (state.width, state.height) = (header.width, header.height)
      }
      let before = state.tracker.nextID
      state.tracker.update(observations, at: header.mediaTime, ids: &ids)
      let confirmed = state.tracker.nextID - before
      if confirmed > 0 { stage.tracksSeen.withLock { $0 += confirmed } }
      state.lastUse = uses
      streams[id] = state
      if streams.count > SortStage.maximumStreams { forgetOldest() }
    }

    private func forgetOldest() {
      guard let oldest = streams.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
      firstID = max(firstID, oldest.value.tracker.nextID)
      streams.removeValue(forKey: oldest.key)
    }

    private func isTracked(_ detection: Detection, of stage: String) -> Bool {
      if let stages, !stages.contains(stage) { return false }
      if let labels { return labels.contains(detection.label) }
      return stages != nil || detection.label != "face"
    }

    private func group(of detection: Detection, _ stage: String) -> Int {
      let key = GroupKey(stage: stage, label: detection.label)
      if let known = groups[key] { return known }
      let next = groups.count
      groups[key] = next
      return next
    }
  }
}
