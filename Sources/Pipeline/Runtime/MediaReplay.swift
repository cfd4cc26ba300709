public import EdgepipeCore

/// Makes the pictures of a replayed stream again: the part of a source that only its own package knows.
public protocol MediaReplay: AnyObject {
  /// Does once more what a record of ``SourceOutput/mediaRecorder`` says.
  func apply(_ record: [UInt8]) throws(PipelineError)
  /// The picture of the frame that is put out next, or nil for frames without one.
  func takePicture() -> (any FrameImage)?
}

/// Makes a ``MediaReplay`` for each stream; a service of the run.
public protocol MediaReplayer: Sendable {
  func makeReplay(for stream: StreamInfo, context: StageContext) throws(PipelineError) -> any MediaReplay
}
