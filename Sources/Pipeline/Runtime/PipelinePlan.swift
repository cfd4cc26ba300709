/// What the runner needs to know of a pipeline: the pipeline file after all checks, or a test's own graph.
public struct PipelinePlan: Sendable {
  public struct StagePlan: Sendable {
    public var id: String
    public var descriptor: StageDescriptor
    /// The `config` object as JSON.
    public var configuration: [UInt8]
    public var after: [String]
    public var workers: Int
    /// Nil: ``QueueSettings/defaultCapacity``.
    public var queueCapacity: Int?
    /// Nil: `block` behind files, `dropLate` behind live sources.
    public var overflow: OverflowPolicy?
    /// The command line has put other inputs in the place of those in the file: what the file says of its streams may
    /// be of no use in this run, and is no mistake.
    public var hasReplacedInputs = false
    /// What must hold for all frames that come to the stage.
    package var requirements: Set<StageRequirement> = []

    public init(
      id: String, descriptor: StageDescriptor, configuration: [UInt8] = Array("{}".utf8), after: [String] = [],
      workers: Int = 1, queueCapacity: Int? = nil, overflow: OverflowPolicy? = nil
    ) {
      self.id = id
      self.descriptor = descriptor
      self.configuration = configuration
      self.after = after
      self.workers = workers
      self.queueCapacity = queueCapacity
      self.overflow = overflow
    }
  }

  public var name: String
  public var deadlineMs: Double?
  /// Detectors look at fewer frames of live streams while the power would exceed its budget.
  public var enforcesPower: Bool
  /// Megabytes that a supervised run should not exceed, or nil.
  package var memoryMB: Double?
  /// For each source; nil: enough to keep every worker busy.
  public var framesInFlight: Int?
  /// The most frames of one stream that stages keep back at once, once the stages are made.
  package var heldFrames = 0
  public var stages: [StagePlan]

  public init(
    name: String, deadlineMs: Double? = nil, enforcesPower: Bool = false, framesInFlight: Int? = nil,
    stages: [StagePlan]
  ) {
    self.name = name
    self.deadlineMs = deadlineMs
    self.enforcesPower = enforcesPower
    self.framesInFlight = framesInFlight
    self.stages = stages
  }

  /// The limit on frames in flight of one source.
  ///
  /// Files: two for every worker, one that is worked on and one that waits. Live: as many as all queues and workers
  /// hold, so that it is a full queue that drops its oldest frame, and not the limit that refuses the newest. Frames that
  /// stages keep back come on top.
  public func effectiveFramesInFlight(isLive: Bool) -> Int {
    if let framesInFlight { return framesInFlight }
    guard isLive else { return heldFrames + max(4, 2 * stages.reduce(0) { $0 + max(1, $1.workers) }) }
    return stages.reduce(heldFrames + 1) {
      $0 + ($1.queueCapacity ?? QueueSettings.defaultCapacity) + max(1, $1.workers)
    }
  }
}
