import EdgepipeCore
import Pipeline

extension Frame {
  /// The picture, for a sink that shows it.
  ///
  /// - Throws: ``PipelineError`` `internalFault` where the frame came without one.
  func decodedPicture() throws(PipelineError) -> DecodedPicture {
    if let picture = image as? DecodedPicture { return picture }
    throw PipelineError(
      "frame \(header.sequence) of '\(header.stream.id)' arrived without its picture", code: .internalFault)
  }
}
