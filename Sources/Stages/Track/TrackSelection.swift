import Detectors
import Pipeline

/// Which detections a tracker follows.
struct TrackSelection: Sendable {
  private let labels: Set<String>?
  private let stages: Set<String>?

  /// Without `labels` all but faces, or all of the stages that are named.
  init(labels: [String]?, stages: [String]?) {
    self.labels = labels.map(ClassName.spellings)
    self.stages = stages.map(Set.init)
  }

  func includes(stage: String) -> Bool { stages?.contains(stage) ?? true }

  /// Whether a detection of a stage that is included is followed.
  func includes(_ detection: Detection) -> Bool {
    if let labels { return labels.contains(detection.label) }
    return stages != nil || detection.label != "face"
  }

  /// Throws when `stages` names what is no stage of the pipeline.
  func check(_ peers: StagePeers, for id: String) throws {
    for stage in (stages ?? []).sorted() where peers.stages[stage] == nil {
      throw PipelineError(
        "'stages' of '\(id)' names '\(stage)', which is no stage of this pipeline",
        remedy: "known: \(peers.stages.keys.sorted().joined(separator: ", "))", exit: .config)
    }
  }
}
