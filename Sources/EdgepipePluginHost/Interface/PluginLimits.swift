/// What one frame may carry from a plugin. More is refused: no fault of a plugin makes the program grow.
package enum PluginLimits {
  package static let detections = 10_000
  package static let landmarks = 256
  package static let events = 1000
  package static let attachments = 64
  /// Of all attachments of a frame.
  package static let attachmentBytes = 16 << 20
  /// Of one text, in bytes.
  package static let text = 64 << 10
  /// Stages whose results one frame's answer replaces.
  package static let results = 64
  /// In pixels, each way.
  package static let side = 16384
  /// How long a call may take where nobody says otherwise.
  package static let timeLimitMs = 5000
}
