public import EdgepipeCore

/// What one stage found in one frame. A frame without results of a detecting stage was not looked at by it; one with
/// an empty list was, and nothing was there.
public struct StageResults: Sendable {
  /// The id of the stage that found these.
  public let stage: String
  /// Rises each time a later stage (a tracker, say) refines the list; a join keeps the highest.
  public let revision: Int
  public let detections: [Detection]
  /// The detecting stage that has looked again and made this revision of another stage's results; nil for any other.
  package let refinedBy: String?

  public init(stage: String, revision: Int = 0, detections: [Detection]) {
    self.init(stage: stage, revision: revision, detections: detections, refinedBy: nil)
  }

  package init(stage: String, revision: Int, detections: [Detection], refinedBy: String?) {
    self.stage = stage
    self.revision = revision
    self.refinedBy = refinedBy
    self.detections = detections
  }

  /// Whether a detecting stage has made them of the picture itself.
  func isFound(by id: String) -> Bool { refinedBy == id || (stage == id && revision == 0) }
}
