import EdgepipeCore

/// A sink that is told when the streams that lead to it change their state, in order with their frames.
public protocol HealthObserver: FrameStage {}

/// The part of a ``HealthObserver`` that lives on one thread.
public protocol HealthObservingWorker: FrameWorker {
  func note(_ change: HealthChange) throws
}
