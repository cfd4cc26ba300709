public import EdgepipeCore

/// What one stage found in one frame. A frame without results of a detecting stage was not looked at by it; one with
/// an empty list was, and nothing was there.
public struct StageResults: Sendable {
  /// The id of the stage that found these.
  public let stage: String
  /// Rises each time a later stage (a tracker, say) refines the list; a join keeps the highest.
  public let revision: Int
  public let detections: [Detection]
  /// Where the model ran, `edge` or `cloud`; nil for stages that have one place only.
  package let place: String?

  public init(stage: String, revision: Int = 0, detections: [Detection]) {
    self.init(stage: stage, revision: revision, detections: detections, place: nil)
  }

  package init(stage: String, revision: Int = 0, detections: [Detection], place: String?) {
    self.place = place
    self.stage = stage
    self.revision = revision
    self.detections = detections
  }
}
