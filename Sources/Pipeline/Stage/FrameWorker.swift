import EdgepipeCore

/// The part of a stage that lives on one thread and is used by that thread alone.
public protocol FrameWorker: AnyObject {
  /// Does the stage's work on one frame. A thrown error's consequence says what is lost.
  func process(_ frame: Frame) throws -> FrameOutcome
  /// Called once after the last frame, also when the run ends early: flush and close.
  func finish() throws
}

extension FrameWorker {
  public func finish() throws {}
}

public enum FrameOutcome: Sendable {
  /// Passed on, or for a sink: delivered.
  case emit(Frame)
  case drop(DropReason)
  /// Of a sink that commits in groups: it has what it needs of the frame and lets go of the picture, and says later what
  /// became of it. The frame's credit returns at once, since no pool holds anything of it any more; how many such frames
  /// there are is the sink's to bound.
  case deferred(DeferredFate)
}
