package import EdgepipeCore

/// What an instance has said of one frame.
package struct PluginAnswer {
  package enum Verdict: UInt32, Sendable {
    /// The frame goes on, or is delivered.
    case done = 0
    /// The plugin wants the frame to end here.
    case drop = 1
    /// Of a source: no frame yet.
    case again = 5
    /// Of a source: no more frames.
    case ended = 6
  }

  /// The detections of one stage, which are all of it from now on.
  package struct Results: Sendable, Hashable {
    /// Nil: the plugin's own stage.
    package var stage: String?
    package var detections: [Detection]

    package init(stage: String?, detections: [Detection] = []) {
      self.stage = stage
      self.detections = detections
    }
  }

  /// Of a source.
  package struct Source: Sendable, Hashable {
    package var mediaTime: MediaTime
    /// Nil: now.
    package var captured: MonotonicTime?
    package var isDiscontinuous: Bool

    package init(mediaTime: MediaTime, captured: MonotonicTime? = nil, isDiscontinuous: Bool = false) {
      self.mediaTime = mediaTime
      self.captured = captured
      self.isDiscontinuous = isDiscontinuous
    }
  }

  package var verdict: Verdict
  package var results: [Results] = []
  package var events: [PluginEvent] = []
  package var attachments: [PluginAttachment] = []
  /// In the place of the frame's picture, or a source's. Its bytes stay until the next call of the same instance.
  package var picture: PluginPicture?
  /// Set where a source has given a frame.
  package var source: Source?

  package init(_ verdict: Verdict = .done) { self.verdict = verdict }
}
