/// How often a detector looks at the frames of a stream, as far as its configuration tells.
package struct LookPace: Sendable, Hashable {
  package var isEnabled = true
  /// It looks at one frame in so many.
  package var interval = 1
  /// The same while its fallback is in force; nil where that changes nothing of it.
  package var fallbackInterval: Int?
  /// Looks a second, at most.
  package var maxRate: Double?
  /// It looks only while something moves.
  package var isOnMotion = false
  /// It looks only where another detector is in doubt.
  package var isOnDoubt = false

  package init() {}

  /// One frame in so many is looked at, at worst.
  var longestInterval: Int { max(interval, fallbackInterval ?? interval) }

  /// Whether nothing but the interval keeps frames away.
  var isSteady: Bool { isEnabled && maxRate == nil && !isOnMotion && !isOnDoubt }
}
