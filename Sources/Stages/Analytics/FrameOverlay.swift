import Pipeline

/// Shapes that a stage wants drawn on pictures, in pixels of the source. Sinks that draw may draw them.
final class FrameOverlay: FrameAttachment {
  struct Shape: Sendable {
    /// Two vertices make an arrowed line, more a closed outline.
    let vertices: [Vertex]
    let text: String
    /// Drawn in a stronger colour.
    let isActive: Bool
  }

  let shapes: [Shape]

  init(_ shapes: [Shape]) { self.shapes = shapes }

  /// Under which a stage's overlay travels with the frame.
  static func key(of stage: String) -> String { "overlay." + stage }
}
