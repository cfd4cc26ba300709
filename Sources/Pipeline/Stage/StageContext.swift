public import EdgepipeCore
import EdgepipeMachine
public import Logging

/// What a stage is given when it is made.
public struct StageContext: Sendable {
  /// The stage's id in the pipeline file.
  public let id: String
  /// The pipeline's name.
  public let pipeline: String
  /// Names this run among all others: part of the ids by which receivers know what they have seen.
  public let run: String
  /// A recorded run is done again: what leaves the machine left it then, and must not leave it twice.
  public let isReplay: Bool
  public let clock: any PipelineClock
  /// Carries the stage's id as metadata.
  public let logger: Logger
  /// Milliseconds from capture to delivery that live frames have, or nil.
  public let deadlineMs: Double?
  /// Frames that can be in flight at once: the size of every pool.
  public let framesInFlight: Int
  /// Finds models by name; nil where no store is at hand.
  public let services: StageServices
  /// Counts library threads with the stage that started them.
  public let threads: ThreadCensus
  var instants: (any StageInstants)?
  var pace: DetectionPace?
  /// For stages that take orders from outside; nil outside of a run.
  package internal(set) var requests: (any RunRequests)?
  /// Where a stage tells of the files that it has finished; nil outside of a run.
  var written: (any FileReports)?
  /// Takes what the stage finds wrong; see ``tell(_:)``.
  package internal(set) var faults: FaultBoard
  /// Where a stage that waits for other machines says so.
  package internal(set) var stops = StopCalls()

  public init(
    id: String, pipeline: String = "pipeline", run: String = "run", isReplay: Bool = false, clock: any PipelineClock,
    logger: Logger, deadlineMs: Double? = nil, framesInFlight: Int, services: StageServices = StageServices(),
    threads: ThreadCensus
  ) {
    self.id = id
    self.pipeline = pipeline
    self.run = run
    self.isReplay = isReplay
    self.clock = clock
    self.logger = logger
    self.deadlineMs = deadlineMs
    self.framesInFlight = framesInFlight
    self.services = services
    self.threads = threads
    faults = FaultBoard(logger: logger)
  }

  /// Logs and counts what the stage has found wrong, or well again.
  ///
  /// - Returns: the event to add to the frame in which it was seen, which is how results and clients learn of it.
  package func tell(_ change: FaultChange) -> FrameEvent {
    faults.note(change)
    return change.event(of: id)
  }

  /// What must hold for all frames that come to the stage.
  package internal(set) var requirements: Set<StageRequirement> = []

  /// True where frames come with a ``FrameHeader/detectionShare`` below 1 for the sake of the power. A supervisor may have it
  /// lowered in any run, where the stages allow it.
  public internal(set) var enforcesPower = false

  /// The same for what belongs to no frame, such as a disk that fills.
  package func announce(_ change: FaultChange) { faults.announce(change) }

  /// What a source writes into the headers of its frames: see ``FrameHeader/detectionShare``.
  ///
  /// - Parameter isPaced: the frames come at a speed of their own. Others would only come faster if less were done.
  public func detectionShare(isPaced: Bool) -> Double { isPaced ? pace?.share ?? 1 : 1 }

  /// Now, for what a stage writes into its output about a frame. A replay answers with the recorded instant, so that its
  /// output is the same. Ask at most once for each frame.
  ///
  /// - Returns: nil where a replayed trace breaks off before it tells: the frame is then dropped as ``DropReason/unrecorded``
  ///   and nothing is written of it.
  public func instant(for header: FrameHeader) -> MonotonicTime? {
    guard let instants else { return clock.now() }
    return instants.instant(for: header, clock)
  }
}

/// When something happened that a stage writes into its output: now, or as a trace says.
protocol StageInstants: Sendable {
  func instant(for header: FrameHeader, _ clock: any PipelineClock) -> MonotonicTime?
}
