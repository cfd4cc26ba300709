import EdgepipeCore
public import Pipeline

/// A transform or sink whose work is a closure.
public final class FakeStage: FrameStage {
  public typealias Work = @Sendable (_ frame: Frame, _ worker: Int) throws -> FrameOutcome

  public static let type = "transform.fake"
  public static let summary = "Does what a test says"
  public static var role: StageRole { .transform }

  private let open: @Sendable (Int) throws -> Void
  private let work: Work
  private let close: @Sendable (Int) throws -> Void

  public init(_ configuration: NoConfiguration, context: StageContext) throws {
    throw PipelineError("made by tests only", code: .internalFault)
  }

  init(
    open: @escaping @Sendable (Int) throws -> Void, work: @escaping Work,
    close: @escaping @Sendable (Int) throws -> Void
  ) {
    self.open = open
    self.work = work
    self.close = close
  }

  public func makeWorker(_ context: WorkerContext) throws -> any FrameWorker {
    try open(context.index)
    return Worker(stage: self, index: context.index)
  }

  private final class Worker: FrameWorker {
    private let stage: FakeStage
    private let index: Int

    init(stage: FakeStage, index: Int) {
      self.stage = stage
      self.index = index
    }

    func process(_ frame: Frame) throws -> FrameOutcome { try stage.work(frame, index) }
    func finish() throws { try stage.close(index) }
  }
}
