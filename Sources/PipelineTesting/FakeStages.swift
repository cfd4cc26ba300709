public import EdgepipeCore
public import Pipeline

/// Stage plans for tests, one line each.
extension PipelinePlan.StagePlan {
  public static func source(
    _ id: String, count: Int, isLive: Bool = false, stream: String? = nil, deadlineMs: Double? = nil,
    error: PipelineError? = nil,
    beforeEmit: @escaping @Sendable (Int) -> Void = { _ in }
  ) -> Self {
    Self(
      id: id,
      descriptor: StageDescriptor(type: FakeSource.type, summary: FakeSource.summary, role: .source) { _, context in
        FakeSource(
          context: context, count: count, isLive: isLive, stream: stream, deadlineMs: deadlineMs, error: error,
          beforeEmit: beforeEmit)
      })
  }

  public static func transform(
    _ id: String, after: [String], workers: Int = 1, queue: Int? = nil, overflow: OverflowPolicy? = nil,
    _ work: @escaping FakeStage.Work = { frame, _ in .emit(frame) },
    open: @escaping @Sendable (Int) throws -> Void = { _ in },
    close: @escaping @Sendable (Int) throws -> Void = { _ in }
  ) -> Self {
    Self(
      id: id,
      descriptor: StageDescriptor(
        type: FakeStage.type, summary: FakeStage.summary, role: .transform, maximumWorkers: 64
      ) { _, _ in FakeStage(open: open, work: work, close: close) },
      after: after, workers: workers, queueCapacity: queue, overflow: overflow)
  }

  public static func sink(
    _ id: String, after: [String], into collector: Collector, queue: Int? = nil, overflow: OverflowPolicy? = nil
  ) -> Self {
    transform(id, after: after, queue: queue, overflow: overflow) { frame, _ in
      collector.add(frame)
      return .emit(frame)
    }
  }
}
