package import EdgepipeCore

/// A detection and the stage in whose results it is.
package struct PluginDetection: Sendable, Hashable {
  package var stage: String
  package var detection: Detection

  package init(stage: String, _ detection: Detection) {
    self.stage = stage
    self.detection = detection
  }
}

/// Something that a rule saw.
package struct PluginEvent: Sendable, Hashable {
  /// Of a plugin's own events: empty.
  package var stage: String
  package var kind: String
  package var label: String?
  package var track: Int?
  /// An object in JSON; nil for nothing.
  package var fields: String?

  package init(stage: String = "", kind: String, label: String? = nil, track: Int? = nil, fields: String? = nil) {
    self.stage = stage
    self.kind = kind
    self.label = label
    self.track = track
    self.fields = fields
  }
}

/// Bytes that one plugin leaves on the frame for another.
package struct PluginAttachment: Sendable, Hashable {
  /// Under a reverse domain.
  package var name: String
  package var bytes: [UInt8]

  package init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }
}

/// A change of a stream's state.
package struct PluginHealth: Sendable, Hashable {
  package var stream: String
  package var state: PluginFrame.StreamState
  package var since: MonotonicTime
  package var sinceWall: WallTime
  package var attempt: Int
  package var error: String?

  package init(
    stream: String, state: PluginFrame.StreamState, since: MonotonicTime, sinceWall: WallTime, attempt: Int,
    error: String? = nil
  ) {
    self.stream = stream
    self.state = state
    self.since = since
    self.sinceWall = sinceWall
    self.attempt = attempt
    self.error = error
  }
}
