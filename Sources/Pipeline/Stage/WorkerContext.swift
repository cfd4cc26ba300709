import EdgepipeCore

/// What a worker is given on its own thread.
public struct WorkerContext: Sendable {
  /// 0 for the stage's first worker.
  public let index: Int
  public let workerCount: Int
  /// Whether the run, or one of its streams, has failed so far. Where it has and no frame came, a sink leaves what is
  /// there as it was.
  public let hasFailed: @Sendable () -> Bool
  /// Whether the run is coming to its end: from then on a worker waits for nothing that may not come.
  public let isEnding: @Sendable () -> Bool

  public init(
    index: Int, workerCount: Int, hasFailed: @escaping @Sendable () -> Bool = { false },
    isEnding: @escaping @Sendable () -> Bool = { false }
  ) {
    self.index = index
    self.workerCount = workerCount
    self.hasFailed = hasFailed
    self.isEnding = isEnding
  }
}
