public import EdgepipeCore

/// What became of an emitted frame.
public enum Admission: Sendable, Equatable {
  case admitted
  /// Counted in the ledger; a live source goes on.
  case dropped(DropReason)
  /// The run is ending: return from `run`.
  case stopped
}

/// Where a source puts its frames. The implementation belongs to the runtime, or to a test.
public protocol SourceOutput: AnyObject, Sendable {
  /// Blocks until a place is free (files), or answers at once (live).
  func emit(_ frame: Frame) -> Admission
  /// True once the run is ending.
  var isStopping: Bool { get }
  /// Waits until `deadline` or until the run ends; returns false when it ends. For pacing.
  func wait(until deadline: MonotonicTime) -> Bool
  /// Progress of a finite input, for the live line: media position and, where known, the whole length.
  func report(position: MediaTime, duration: MediaTime?)
  /// Counts something the input did wrong and the source survived, such as a damaged packet, by a short name.
  func count(_ name: String, _ increment: Int)
  /// Says what the stream does now, for sources that outlive their connection. Told again in the same state, it only
  /// renews `attempt` and `error`.
  ///
  /// - Parameters:
  ///   - attempt: connections tried since the last stable streaming, counting from 1.
  ///   - error: what went wrong last, without secrets.
  func health(_ state: StreamState, attempt: Int, error: String?)
  /// The open input has shown that the stream is live, or that it is not, against what its address looked like: the
  /// stream's `isLive` has changed. To be called before the first frame.
  func liveHasChanged()
  /// Set while the run is recorded.
  var mediaRecorder: (any MediaRecorder)? { get }
  /// Records the failure of one stream while others of this source go on.
  func fail(stream: String, _ error: PipelineError)
}

extension SourceOutput {
  public func liveHasChanged() {}
  public var mediaRecorder: (any MediaRecorder)? { nil }
}
