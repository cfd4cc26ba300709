/// What becomes of the pixels that are hidden.
enum HidingMethod: String, Sendable, CaseIterable {
  /// One colour: nothing is left.
  case fill
  /// Blocks of their mean, at most eight across.
  case pixelate
  /// A mean over the surroundings of each pixel. Weaker: what is known of the blur can be undone in part.
  case blur

  /// Blocks that an area may have across.
  static let mostBlocks = 8
  /// The smallest block, in pixels: of a small face, eight blocks across would be a picture.
  static let smallestBlock = 8
}
