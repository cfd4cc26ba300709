public import EdgepipeCore
public import Pipeline

/// One stage on its own, for its tests: frames go in by hand, on the thread that calls, and what it does with each comes
/// back. No queue, no other thread, and a clock that stands still unless the test moves it.
///
/// ```swift
/// let alarm = try SingleStage(BrightnessAlarm.self, .init())
/// let outcome = try alarm.process(alarm.frame(0, image: picture))
/// ```
public final class SingleStage<S: FrameStage> {
  public let stage: S
  public let stream: StreamInfo
  /// What the stage says in its log.
  public let log = LogLines()
  private let plan: PipelinePlan.StagePlan
  private let board = OptionBoard()
  private let worker: any FrameWorker
  private let clock: any PipelineClock

  /// - Parameters:
  ///   - configuration: checked as in a pipeline.
  ///   - services: what the stage needs from outside the graph.
  /// - Throws: what is wrong with the configuration, and what the stage throws.
  public init(
    _ type: S.Type, _ configuration: S.Configuration = S.Configuration(), id: String = "stage",
    clock: any PipelineClock = ManualClock(), services: StageServices = StageServices()
  ) throws {
    plan = try PipelinePlan.StagePlan(id, type, configuration)
    self.clock = clock
    stream = StreamInfo(id: "camera", sourceStage: "camera")
    stage = try S(
      configuration,
      context: StageContext(
        id: id, clock: clock, logger: log.logger(), deadlineMs: nil, framesInFlight: 4, services: services,
        threads: ThreadCensus()))
    try stage.connect(to: StagePeers(stages: [id: stage], downstream: []))
    worker = try stage.makeWorker(WorkerContext(index: 0, workerCount: 1))
  }

  /// A frame of ``stream``, 40 ms after the one before.
  public func frame(_ sequence: Int, image: (any FrameImage)? = nil) -> Frame {
    var frame = TestFrames.frame(stream: stream, sequence: sequence, clock: clock, image: image)
    frame.options = board.current
    return frame
  }

  /// Gives options other values, for the frames that ``frame(_:image:)`` makes from now on.
  ///
  /// - Throws: `PipelineError` `invalidArgument`, as in a run.
  @discardableResult public func change(_ values: [String: ReportValue]) throws -> OptionChange {
    try board.change(stage, plan, to: Array(ReportValue.object(values).json().utf8))
  }

  public func process(_ frame: Frame) throws -> FrameOutcome { try worker.process(frame) }

  /// The frame that the stage passes on.
  ///
  /// - Throws: `PipelineError` where it drops the frame instead.
  public func emitted(_ frame: Frame) throws -> Frame {
    switch try process(frame) {
    case .emit(let result): return result
    case .deferred:
      throw PipelineError("the stage passes nothing on: it defers frame \(frame.header.sequence)", code: .internalFault)
    case .drop(let reason):
      throw PipelineError("the stage dropped frame \(frame.header.sequence): \(reason.rawValue)", code: .internalFault)
    }
  }

  /// The end of the stream.
  public func finish() throws { try worker.finish() }
}
