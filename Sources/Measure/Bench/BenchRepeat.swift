/// What one repeat of one configuration gave.
struct BenchRepeat: Sendable {
  /// Of each inference, in the order of measuring, one worker after the other.
  var latenciesMs: [Double]
  /// From the first inference's start to the last one's end.
  var wallSeconds: Double
  /// CPU time of the whole process in the measured time.
  var cpuSeconds: Double
  /// Until all sessions were open.
  var loadSeconds: Double
  var memory: BenchMemory?
  /// What the meter counted in the measured time; nil where it failed.
  var joules: Double?
  /// Why it failed.
  var meterFailure: String?
  /// How all cores' time went; nil where the system does not say.
  var machine: MachineTimes?
  /// False where it was stopped before all inferences were done.
  var isComplete: Bool

  var inferencesPerSecond: Double { wallSeconds > 0 ? Double(latenciesMs.count) / wallSeconds : 0 }
}

/// What the process held, in megabytes of 2^20 bytes.
struct BenchMemory: Sendable, Hashable {
  /// Before the sessions were opened.
  var beforeMB: Double
  /// At the end of the measured time, the sessions still open.
  var runningMB: Double
  /// The most since `beforeMB`, which opening is part of.
  var peakMB: Double
  /// After the sessions were closed.
  var afterMB: Double
}
