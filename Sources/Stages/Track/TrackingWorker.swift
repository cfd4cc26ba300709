import EdgepipeCore
import Pipeline
import Synchronization

/// Counts the tracks of a stage for the report.
final class TrackCount: Sendable {
  private let count = Mutex(0)
  var value: Int { count.withLock { $0 } }
  func add(_ tracks: Int) { count.withLock { $0 += tracks } }

  /// What makes any tracker faster.
  static let tips = [StageTip(nil, "fewer boxes: a higher score or a lower maxDetections of the detectors before it")]
}

/// What a tracking stage makes of its options.
struct TrackingSettings<Options: Sendable> {
  let options: Options
  let maxGapSeconds: Double
  let selection: TrackSelection
  /// Takes out the followed detections that have no confirmed track.
  var onlyTracked = false
}

/// The worker of every tracking stage: brings what detectors found to the stream's trackers, writes the ids back, and
/// puts predictions on the frames that a detector did not look at.
///
/// A frame without results of a stage was not looked at by it: its tracks neither age nor end, and the frame gets
/// where they are expected. Predictions of another tracker are left as they are and are no look.
final class TrackingWorker<T: Tracker>: FrameWorker {
  /// Streams whose tracks are kept; of more, the one that was silent for longest is forgotten.
  static var maximumStreams: Int { 256 }

  private struct GroupKey: Hashable {
    let stage: String
    let label: String
  }

  private struct Group {
    let label: String
    let classIndex: Int
  }

  private var settings: TrackingSettings<T.Options>
  /// Of the options that the settings are made from.
  private var version = 0
  /// What is different from the frame before.
  private let follow: (Frame) -> (settings: TrackingSettings<T.Options>, version: Int)?
  private let trackCount: TrackCount
  private var streams: [String: TrackedStream<T>] = [:]
  private var uses = 0
  /// Streams that come back after they were forgotten start above every id that was ever given.
  private var firstID = 1
  private var groupIndex: [GroupKey: Int] = [:]
  private var groups: [Group] = []
  private var observations: [TrackObservation] = []
  private var ids: [Int?] = []
  private var predictions: [TrackPrediction] = []

  /// - Parameters:
  ///   - stage: the stage's id.
  ///   - read: makes settings of a configuration that has been checked.
  init<Configuration: StageConfiguration>(
    of stage: String, _ configuration: Configuration, count: TrackCount,
    read: @escaping (Configuration) -> TrackingSettings<T.Options>
  ) {
    var adjusted = AdjustedOptions(of: stage, initial: configuration)
    settings = read(configuration)
    follow = { adjusted.follow($0) ? (read(adjusted.value), adjusted.version) : nil }
    trackCount = count
  }

  private var selection: TrackSelection { settings.selection }

  func process(_ frame: Frame) -> FrameOutcome {
    let id = frame.header.stream.id
    if let changed = follow(frame) { (settings, version) = changed }
    uses += 1
    var stream = streams.removeValue(forKey: id) ?? TrackedStream(firstID: firstID)
    let before = stream.nextID
    stream.lastUse = uses
    stream.adjust(to: settings.options, version: version)
    stream.advance(to: frame.header, maxGapSeconds: settings.maxGapSeconds)

    var frame = frame
    for result in frame.results where selection.includes(stage: result.stage) {
      // An entry with predictions comes from another tracker: the stage itself has not looked.
      guard !result.detections.contains(where: \.isPredicted) else { continue }
      follow(result, &stream, &frame)
    }
    for follower in stream.followers where !follower.hasLooked { predict(follower, &frame) }

    if stream.nextID > before { trackCount.add(stream.nextID - before) }
    streams[id] = stream
    if streams.count > Self.maximumStreams { forgetOldest() }
    return .emit(frame)
  }

  private func follow(_ result: StageResults, _ stream: inout TrackedStream<T>, _ frame: inout Frame) {
    observations.removeAll(keepingCapacity: true)
    for detection in result.detections where selection.includes(detection) {
      observations.append(
        TrackObservation(box: detection.box, score: detection.score, group: group(of: detection, result.stage)))
    }
    stream.update(
      observations, of: result.stage, at: frame.header.mediaTime, options: settings.options, ids: &ids)
    guard !observations.isEmpty else { return }

    var detections: [Detection] = []
    detections.reserveCapacity(result.detections.count)
    var next = 0
    for var detection in result.detections {
      if selection.includes(detection) {
        detection.track = ids[next]
        next += 1
        if settings.onlyTracked, detection.track == nil { continue }
      }
      detections.append(detection)
    }
    frame.attach(
      StageResults(
        stage: result.stage, revision: result.revision + 1, detections: detections, places: result.places))
  }

  /// Adds where the tracks of a stage are expected; with nothing expected no entry is made, since an empty one would
  /// say that the stage has looked.
  private func predict(_ follower: TrackedStream<T>.Follower, _ frame: inout Frame) {
    predictions.removeAll(keepingCapacity: true)
    follower.tracker.predict(steps: follower.steps, at: frame.header.mediaTime, into: &predictions)
    let present = frame.results.first { $0.stage == follower.stage }
    var detections = present?.detections ?? []
    let width = Float(frame.header.width), height = Float(frame.header.height)
    var isChanged = false
    for prediction in predictions where prediction.box.isFinite {
      let box = prediction.box.clipped(toWidth: width, height: height)
      guard box.area > 0 else { continue }
      let group = groups[prediction.group]
      detections.append(
        Detection(
          label: group.label, classIndex: group.classIndex, score: prediction.score, box: box, track: prediction.id,
          isPredicted: true))
      isChanged = true
    }
    guard isChanged else { return }
    frame.attach(
      StageResults(
        stage: follower.stage, revision: (present?.revision ?? 0) + 1, detections: detections,
        places: present?.places ?? [:]))
  }

  private func forgetOldest() {
    guard let oldest = streams.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
    firstID = max(firstID, oldest.value.nextID)
    streams.removeValue(forKey: oldest.key)
  }

  private func group(of detection: Detection, _ stage: String) -> Int {
    let key = GroupKey(stage: stage, label: detection.label)
    if let known = groupIndex[key] { return known }
    groupIndex[key] = groups.count
    groups.append(Group(label: detection.label, classIndex: detection.classIndex))
    return groups.count - 1
  }
}
