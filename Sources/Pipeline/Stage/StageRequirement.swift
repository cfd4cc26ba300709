/// What a stage asks of every frame that comes to it, whatever its type: the key `requires` of a stage.
package enum StageRequirement: String, Sendable, CaseIterable {
  /// No picture comes to it that has not gone through a stage that hides what must not be seen
  /// (``StageInterface/anonymizes``).
  case anonymized
}
