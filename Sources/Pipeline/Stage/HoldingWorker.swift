import EdgepipeCore

/// The part of a stage that looks ahead: it keeps frames of each stream back until it has seen later ones, and passes them
/// on in their order.
///
/// A frame that is kept back stays in flight, with its picture and its credit. The stage says with
/// ``StageInterface/heldFrames`` how many frames of a stream it keeps, takes one worker, and gives back every frame that it
/// has taken.
package protocol HoldingWorker: FrameWorker {
  /// Takes a frame over, and does the work on those whose turn has come.
  ///
  /// - Throws: what loses this frame; those that are kept back already stay.
  func take(_ frame: Frame) throws

  /// The next frame that goes on; nil: the others wait for later frames.
  func next() -> ReleasedFrame?

  /// No more frames come: all those that are kept back go on.
  func release()
}

/// What a ``HoldingWorker`` gives back.
package enum ReleasedFrame: Sendable {
  case emit(Frame)
  /// The work on the frame has failed: it is lost.
  case failed(FrameHeader, any Error)
}

extension HoldingWorker {
  /// Frames go in and out one by one only where none is kept back.
  package func process(_ frame: Frame) throws -> FrameOutcome {
    throw PipelineError("this worker keeps frames back and cannot answer for one at once", code: .internalFault)
  }
}
