import EdgepipeCore
public import Pipeline

/// A source that emits `count` tiny frames, as fast as it may.
public final class FakeSource: SourceStage {
  public static let type = "source.fake"
  public static let summary = "Frames without pictures, for tests"

  public let streams: [StreamInfo]
  private let count: Int
  private let error: PipelineError?
  private let beforeEmit: @Sendable (Int) -> Void
  private let clock: any PipelineClock

  public init(_ configuration: NoConfiguration, context: StageContext) throws {
    throw PipelineError("made by tests only", code: .internalFault)
  }

  init(
    context: StageContext, count: Int, isLive: Bool, stream: String?, deadlineMs: Double?, error: PipelineError?,
    beforeEmit: @escaping @Sendable (Int) -> Void
  ) {
    self.count = count
    self.error = error
    self.beforeEmit = beforeEmit
    clock = context.clock
    streams = [StreamInfo(id: stream ?? context.id, sourceStage: context.id, isLive: isLive, deadlineMs: deadlineMs)]
  }

  public func makeStream(id: String, url: String) -> StreamInfo {
    StreamInfo(id: id, sourceStage: streams[0].sourceStage, isLive: streams[0].isLive)
  }

  public func run(_ stream: StreamInfo, _ output: any SourceOutput) throws {
    for sequence in 0..<count {
      beforeEmit(sequence)
      let frame = TestFrames.frame(
        stream: stream, sequence: sequence, clock: clock,
        deadline: stream.deadlineMs.map { clock.now().advanced(byMilliseconds: $0) })
      if output.emit(frame) == .stopped { return }
      output.report(position: frame.header.mediaTime, duration: nil)
    }
    if let error { throw error }
  }
}
