package import EdgepipeCore

/// Makes pictures of frames for those who watch a run; a service of the run, since the graph knows no media.
package protocol PictureRendering: Sendable {
  /// - Parameter quality: 2 (best) ... 31.
  func makeRenderer(quality: Int, isAnnotated: Bool) -> any PictureRenderer
}

/// Used by one thread.
package protocol PictureRenderer: AnyObject {
  /// - Parameter height: the most that the picture may have.
  func jpeg(_ frame: Frame, height: Int) throws(PipelineError) -> RenderedPicture
}

package struct RenderedPicture: Sendable {
  package let bytes: [UInt8]
  package let width: Int
  package let height: Int

  package init(bytes: [UInt8], width: Int, height: Int) {
    (self.bytes, self.width, self.height) = (bytes, width, height)
  }
}
