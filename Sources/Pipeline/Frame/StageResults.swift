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
  /// Where models ran for them, `edge` or `cloud`, by the stages that have several places.
  package let places: [String: String]

  public init(stage: String, revision: Int = 0, detections: [Detection]) {
    self.init(stage: stage, revision: revision, detections: detections, refinedBy: nil)
  }

  package init(
    stage: String, revision: Int = 0, detections: [Detection], refinedBy: String? = nil, places: [String: String]
  ) {
    self.stage = stage
    self.revision = revision
    self.refinedBy = refinedBy
    self.places = places
    self.detections = detections
  }

  package init(stage: String, revision: Int, detections: [Detection], refinedBy: String?) {
    self.init(stage: stage, revision: revision, detections: detections, refinedBy: refinedBy, places: [:])
  }

  /// Whether a detecting stage has made them of the picture itself.
  func isFound(by id: String) -> Bool { refinedBy == id || (stage == id && revision == 0) }
}
