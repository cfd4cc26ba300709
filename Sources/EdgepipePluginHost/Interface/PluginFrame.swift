package import EdgepipeCore

/// A frame as plugins see it. Its picture lives until the call that it was made for returns.
package struct PluginFrame {
  /// The header's numbers.
  package enum StreamState: UInt32, Sendable {
    case unknown = 0
    case connecting, streaming, stalled, refused, waiting, ended
  }

  /// The stream's id.
  package var stream: String
  /// The source stage's id.
  package var sourceStage: String
  /// Where the picture came from, without passwords.
  package var source: String
  package var isLive: Bool
  package var sequence: Int
  package var mediaTime: MediaTime
  package var captured: MonotonicTime
  package var capturedWall: WallTime
  package var deadline: MonotonicTime?
  /// The instant of the call, which a replay repeats.
  package var now: MonotonicTime
  package var discontinuity: Int
  /// In pixels, after rotation.
  package var width: Int
  package var height: Int
  package var state = StreamState.streaming
  package var picture: PluginPicture?
  package var detections: [PluginDetection] = []
  package var events: [PluginEvent] = []
  package var attachments: [PluginAttachment] = []

  package init(
    stream: String, sourceStage: String, source: String, isLive: Bool = false, sequence: Int, mediaTime: MediaTime,
    captured: MonotonicTime, capturedWall: WallTime, deadline: MonotonicTime? = nil, now: MonotonicTime,
    discontinuity: Int = 0, width: Int, height: Int
  ) {
    self.stream = stream
    self.sourceStage = sourceStage
    self.source = source
    self.isLive = isLive
    self.sequence = sequence
    self.mediaTime = mediaTime
    self.captured = captured
    self.capturedWall = capturedWall
    self.deadline = deadline
    self.now = now
    self.discontinuity = discontinuity
    self.width = width
    self.height = height
  }
}
