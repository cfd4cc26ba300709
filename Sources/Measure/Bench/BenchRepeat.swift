/// What one repeat of one configuration gave.
public struct BenchRepeat: Sendable {
  /// Of each inference, in the order of measuring, one worker after the other.
  public var latenciesMs: [Double]
  /// From the first inference's start to the last one's end.
  public var wallSeconds: Double
  /// CPU time of the whole process in the measured time.
  public var cpuSeconds: Double
  /// Until all sessions were open.
  public var loadSeconds: Double
  public var memory: BenchMemory?
  /// What the meter counted in the measured time; nil where it failed.
  public var joules: Double?
  /// Why it failed.
  public var meterFailure: String?
  /// How all cores' time went; nil where the system does not say.
  public var machine: MachineTimes?
  /// False where it was stopped before all inferences were done.
  public var isComplete: Bool

  public var inferencesPerSecond: Double { wallSeconds > 0 ? Double(latenciesMs.count) / wallSeconds : 0 }
}

/// What the process held, in megabytes of 2^20 bytes.
public struct BenchMemory: Sendable, Hashable {
  /// Before the sessions were opened.
  public var beforeMB: Double
  /// At the end of the measured time, the sessions still open.
  public var runningMB: Double
  /// The most since `beforeMB`, which opening is part of.
  public var peakMB: Double
  /// After the sessions were closed.
  public var afterMB: Double
}
