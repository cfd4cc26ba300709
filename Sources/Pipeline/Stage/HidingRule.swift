/// What a stage hides of what detectors find, and for how long it relies on what they have found.
package struct HidingRule: Sendable, Hashable {
  /// The labels that it hides, each with its spellings, in groups: a frame is looked at when of each group that anybody finds
  /// one detector has looked.
  package var groups: [[Set<String>]]
  /// Frames before a find in which it is hidden as well; as many are kept back.
  package var delayFrames: Int
  /// Frames after a find in which it is hidden as well.
  package var holdFrames: Int

  package init(groups: [[Set<String>]], delayFrames: Int, holdFrames: Int) {
    (self.groups, self.delayFrames, self.holdFrames) = (groups, delayFrames, holdFrames)
  }
}
