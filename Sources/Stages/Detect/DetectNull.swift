import EdgepipeCore
public import Pipeline

/// Finds nothing, in a known time: for measuring the graph itself, and how a pipeline behaves at a given load.
///
/// Input: any frames. Output: the same frames with an empty list of detections. Drops: nothing.
///
/// Trade-off: `busyMs` burns CPU time as a model would, but touches no memory.
///
/// ```json
/// { "id": "objects", "type": "detect.null", "after": ["camera"], "workers": 2, "config": { "busyMs": 20 } }
/// ```
public final class DetectNull: FrameStage, AdjustableStage {
  public struct Configuration: StageConfiguration {
    /// CPU time that each frame takes, in milliseconds.
    public var busyMs = 0.0

    public static let options: [ConfigurationOption<Self>] = [
      .init("busyMs", \.busyMs, .number(0...60_000), changeable: true, "CPU milliseconds that each frame takes.")
    ]

    public init() {}
  }

  public static let type = "detect.null"
  public static let summary = "Detects nothing in a known time, for measurements."
  public static let role = StageRole.transform
  public static let maximumWorkers = 64

  private let id: String
  private let busyNanoseconds: Int64

  public init(_ configuration: Configuration, context: StageContext) {
    id = context.id
    busyNanoseconds = Self.nanoseconds(configuration)
  }

  private static func nanoseconds(_ configuration: Configuration) -> Int64 { Int64(configuration.busyMs * 1e6) }

  /// The CPU time of a frame, in nanoseconds.
  public func adjustment(for configuration: Configuration) -> Int64 { Self.nanoseconds(configuration) }

  /// It stands for any detector.
  public var interface: StageInterface {
    var interface = StageInterface()
    interface.finds = .any
    return interface
  }

  public func makeWorker(_ context: WorkerContext) -> any FrameWorker {
    Worker(id: id, busyNanoseconds: busyNanoseconds)
  }

  private final class Worker: FrameWorker {
    private let id: String
    private var busyNanoseconds: AdjustedOptions<Int64>

    init(id: String, busyNanoseconds: Int64) {
      self.id = id
      self.busyNanoseconds = AdjustedOptions(of: id, initial: busyNanoseconds)
    }

    func process(_ frame: Frame) -> FrameOutcome {
      busyNanoseconds.follow(frame)
      if busyNanoseconds.value > 0 {
        let end = SystemClock.threadCPUNanoseconds() + busyNanoseconds.value
        while SystemClock.threadCPUNanoseconds() < end {}
      }
      var frame = frame
      frame.attach(StageResults(stage: id, detections: []))
      return .emit(frame)
    }
  }
}
