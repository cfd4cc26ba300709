import Detectors
import EdgepipeCore
import Pipeline

/// Which detections a tracker follows.
struct TrackSelection: Sendable {
  private let labels: Set<String>?
  private let stages: Set<String>?
  private let listedLabels: [String]?
  private let listedStages: [String]?

  /// Without `labels` all but faces, or all of the stages that are named.
  init(labels: [String]?, stages: [String]?) {
    self.labels = labels.map(ClassName.spellings)
    self.stages = stages.map(Set.init)
    listedLabels = labels
    listedStages = stages
  }

  func includes(stage: String) -> Bool { stages?.contains(stage) ?? true }

  /// Whether a detection of a stage that is included is followed.
  func includes(_ detection: Detection) -> Bool {
    if let labels { return labels.contains(detection.label) }
    return stages != nil || detection.label != "face"
  }

  /// What the tracker says of itself to the check of the whole pipeline.
  var interface: StageInterface {
    var interface = StageInterface()
    interface.needsDetections = true
    interface.follows = StageInterface.Following(
      labels: listedLabels.map { $0.map { ClassName.spellings([$0]) } }, except: stages == nil ? ["face"] : [],
      stages: stages)
    // In the order of the file, so that places are right.
    if let listedLabels { interface.wishes.append(.labels(.foundLabels, listedLabels, key: "labels")) }
    if let listedStages { interface.wishes.append(NameWish(.detectors, listedStages, key: "stages")) }
    return interface
  }
}
