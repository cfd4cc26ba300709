public import EdgepipeCore
public import Pipeline
import Synchronization

/// Takes frames and writes nothing: for measuring, and for the end of a pipeline whose results nobody reads.
///
/// Input: any frames. Output: none; counts of frames and detections in the report. Drops: nothing.
///
/// ```json
/// { "id": "end", "type": "sink.null", "after": ["objects"] }
/// ```
public final class NullSink: FrameStage {
  public typealias Configuration = NoConfiguration

  public static let type = "sink.null"
  public static let summary = "Counts frames and detections, and writes nothing."
  public static let role = StageRole.sink

  private struct Counts {
    var frames = 0
    var detections = 0
  }

  private let counts = Mutex(Counts())

  public init(_ configuration: NoConfiguration, context: StageContext) {}

  public func makeWorker(_ worker: WorkerContext) -> any FrameWorker { Worker(stage: self) }

  public var facts: [String: ReportValue] {
    counts.withLock { ["frames": .int($0.frames), "detections": .int($0.detections)] }
  }

  private final class Worker: FrameWorker {
    let stage: NullSink

    init(stage: NullSink) { self.stage = stage }

    func process(_ frame: Frame) -> FrameOutcome {
      let detections = frame.results.reduce(0) { $0 + $1.detections.count }
      stage.counts.withLock {
        $0.frames += 1
        $0.detections += detections
      }
      return .emit(frame)
    }
  }
}
