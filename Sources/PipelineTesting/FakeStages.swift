public import EdgepipeCore
import Foundation
public import Pipeline
import Synchronization

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

/// Frames that reached a sink, in order.
public final class Collector: Sendable {
  private let frames = Mutex<[Frame]>([])
  private let arrival = DispatchSemaphore(value: 0)

  public init() {}

  public func add(_ frame: Frame) {
    frames.withLock { $0.append(frame) }
    arrival.signal()
  }

  /// Waits until so many frames have come.
  public func wait(for count: Int) {
    while frames.withLock({ $0.count }) < count { arrival.wait() }
  }

  public var all: [Frame] { frames.withLock { $0 } }
  public var sequences: [Int] { all.map(\.header.sequence) }
  public func sequences(of stream: String) -> [Int] {
    all.filter { $0.header.stream.id == stream }.map(\.header.sequence)
  }
}

public enum TestFrames {
  /// A frame 40 ms after the one before; of 64 x 48 pixels where it has no picture.
  public static func frame(
    stream: StreamInfo, sequence: Int, clock: any PipelineClock, deadline: MonotonicTime? = nil,
    image: (any FrameImage)? = nil
  ) -> Frame {
    Frame(
      header: FrameHeader(
        stream: stream, sequence: sequence, mediaTime: MediaTime(seconds: Double(sequence) * 0.04),
        captured: clock.now(), capturedWall: clock.wallTime(), deadline: deadline, source: "test",
        width: image?.width ?? 64, height: image?.height ?? 48),
      image: image)
  }
}

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
