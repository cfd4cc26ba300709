import Synchronization

/// What one stage did: counts, durations and CPU time, shared by its workers.
public final class StageMetrics: Sendable {
  /// A copy of the figures at one instant.
  public struct Values: Sendable {
    /// Frames that arrived; in = out + dropped + failed + still inside.
    public internal(set) var framesIn = 0
    /// Frames passed on, or for a sink: delivered.
    public internal(set) var framesOut = 0
    public internal(set) var dropped: [DropReason: Int] = [:]
    public internal(set) var failed = 0
    /// What the stage itself found.
    public internal(set) var detections = 0
    /// Time from a frame's arrival in the queue to the start of work on it.
    public internal(set) var queueWait = LatencyHistogram()
    /// Time of the work itself.
    public internal(set) var service = LatencyHistogram()
    /// CPU time of the stage's own threads that was spent in the graph, not in the stage.
    public internal(set) var frameworkCPUNanoseconds: Int64 = 0
    /// Frames on which work was done, also those that were lost by it; 0 for a source.
    public internal(set) var framesWorked = 0
    /// All time of work on frames, also on those that were lost by it.
    public internal(set) var workNanoseconds: Int64 = 0
    /// A source's time of waiting for the instant at which its next frame is due.
    public internal(set) var pausedNanoseconds: Int64 = 0
    /// A source's time of waiting for a place for its frame.
    public internal(set) var blockedNanoseconds: Int64 = 0
    /// What the processor counted while frames were worked on, for the threads that could be counted.
    public internal(set) var instructions: Int64 = 0
    public internal(set) var cycles: Int64 = 0
    public internal(set) var threadsCounted = 0
    public internal(set) var threadsNotCounted = 0
    /// CPU time spent before the first frame, such as loading a model.
    public internal(set) var startupCPUNanoseconds: Int64 = 0
    /// Named counters, such as damaged packets.
    public internal(set) var counters: [String: Int] = [:]

    public var droppedTotal: Int { dropped.values.reduce(0, +) }
  }

  private let values = Mutex(Values())
  /// Counted by the threads that bring frames, beside the lock that the stage's own workers take.
  private let arrivals = Atomic<Int>(0)
  /// Frames that a source's streams have passed on.
  private let departures = Atomic<Int>(0)

  public init() {}

  public var current: Values {
    var current = values.withLock { $0 }
    current.framesIn = arrivals.load(ordering: .relaxed)
    current.framesOut += departures.load(ordering: .relaxed)
    return current
  }

  /// What the stage has found so far; a copy of everything would cost its workers a copy of their histograms.
  var detections: Int { values.withLock { $0.detections } }

  /// One frame has arrived.
  func countArrival() { arrivals.wrappingAdd(1, ordering: .relaxed) }

  /// One of a source's frames goes on.
  func countDeparture() { departures.wrappingAdd(1, ordering: .relaxed) }

  func update(_ body: (inout Values) -> Void) { values.withLock { body(&$0) } }

  func drop(_ reason: DropReason) { update { $0.dropped[reason, default: 0] += 1 } }
}
