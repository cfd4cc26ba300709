public import EdgepipeCore

/// How a run ended.
public struct RunOutcome: Sendable {
  /// The error that ended the run, if one did.
  public let failure: PipelineError?
  /// Streams that failed while others went on.
  public let streamFailures: [StreamFailure]
  /// How many streams there were.
  public let streams: Int
  public let wasStopped: Bool
  /// False when a stage hangs: its threads are still there.
  public let isOver: Bool

  /// Whether everything was processed.
  public var isSuccess: Bool { failure == nil && streamFailures.isEmpty }

  /// Why nothing, or not everything, was processed; nil where only some streams failed.
  public var error: PipelineError? {
    if let failure { return failure }
    let failed = Set(streamFailures.map(\.stream)).count
    return failed >= streams ? streamFailures.first?.error : nil
  }

  /// The command's exit status for this outcome.
  public var exit: ExitStatus { error?.exit ?? (isSuccess ? .success : .partial) }
}
