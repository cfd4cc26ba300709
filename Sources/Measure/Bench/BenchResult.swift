import EdgepipeCore
import EdgepipeMachine

/// What a benchmark measured.
public struct BenchResult: Sendable {
  public let rows: [BenchRow]
  public let settings: BenchSettings
  public let cores: Int
  public let started: WallTime
  public let wallSeconds: Double
  public let wasStopped: Bool
  /// The load average of the minute before the first inference.
  public let loadBefore: LoadAverage?
  /// Whether peaks of memory come from the kernel; false: from looking every 20 ms.
  public let peakIsKernels: Bool
  /// How energy was measured.
  public let power: PowerSetup
}

/// One configuration and its repeats.
public struct BenchRow: Sendable {
  public let configuration: BenchConfiguration
  /// In the order of measuring.
  public internal(set) var repeats: [BenchRepeat] = []
  /// Why this configuration cannot run.
  public internal(set) var failure: PipelineError?

  public init(configuration: BenchConfiguration, repeats: [BenchRepeat] = [], failure: PipelineError? = nil) {
    self.configuration = configuration
    self.repeats = repeats
    self.failure = failure
  }
}

/// The load average: how many threads ran or wanted to, averaged over about a minute.
public struct LoadAverage: Sendable, Hashable {
  public let oneMinute: Double

  /// From /proc/loadavg; nil where the system does not say.
  public init?(_ tree: SystemTree) {
    guard let text = try? tree.text("/proc/loadavg"), let word = text.split(separator: " ").first,
      let value = Double(word), value.isFinite
    else { return nil }
    oneMinute = value
  }
}
