public import EdgepipeCore
import Synchronization

/// What became of one stream's frames, and how long they took.
public final class StreamMetrics: Sendable {
  /// A copy of the figures at one instant.
  public struct Values: Sendable {
    /// From the capture instant to the end of the last sink's work, delivered frames only.
    public internal(set) var latency = LatencyHistogram()
    /// Time spent in queues on the way, delivered frames only.
    public internal(set) var queueing = LatencyHistogram()
    /// Time that the stages behind the source worked on a frame, over all branches, delivered frames only.
    public internal(set) var work = LatencyHistogram()
    /// Delivered by their deadline; those without a deadline are not counted.
    public internal(set) var inTime = 0
    /// Delivered after their deadline.
    public internal(set) var late = 0
    /// Frames that had a deadline.
    public internal(set) var withDeadline = 0
    /// Frames that a detector looked at.
    public internal(set) var detected = 0
    /// Nil for inputs that have no connection to lose, such as files.
    public internal(set) var health: StreamHealth?
    /// The latest changes of the state, oldest first; of more, the oldest are forgotten.
    public internal(set) var changes: [HealthChange] = []
    public internal(set) var faults = 0
    /// Media position, and the length where it is known.
    public internal(set) var position = MediaTime(nanoseconds: 0)
    public internal(set) var duration: MediaTime?

    /// Share of admitted frames with a deadline that were delivered in time, or nil without such frames.
    public var attainment: Double? { withDeadline > 0 ? Double(inTime) / Double(withDeadline) : nil }
  }

  private let values = Mutex(Values())

  public init() {}

  public var current: Values { values.withLock { $0 } }

  func update<Result>(_ body: (inout Values) -> Result) -> Result { values.withLock { body(&$0) } }
}
