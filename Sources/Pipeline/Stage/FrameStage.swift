import EdgepipeCore

/// A stage that takes frames: a transform passes them on, a sink does not.
public protocol FrameStage: Stage {
  /// True for a frame that this stage passes on without work, such as one that a gate kept from a detector: its time
  /// says nothing about the next real one.
  func isIdle(for frame: Frame) -> Bool

  /// Called on each worker's own thread before the first frame; what is costly to open is opened here.
  func makeWorker(_ context: WorkerContext) throws -> any FrameWorker
}

extension FrameStage {
  public func isIdle(for frame: Frame) -> Bool { false }
}
