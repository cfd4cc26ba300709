import EdgepipeCore
import EdgepipeMachine

/// What a benchmark measured.
package struct BenchResult: Sendable {
  let rows: [BenchRow]
  let settings: BenchSettings
  let cores: Int
  let started: WallTime
  let wallSeconds: Double
  let wasStopped: Bool
  /// The load average of the minute before the first inference.
  let loadBefore: LoadAverage?
  /// Whether peaks of memory come from the kernel; false: from looking every 20 ms.
  let peakIsKernels: Bool
  /// How energy was measured.
  let power: PowerSetup
}

/// One configuration and its repeats.
struct BenchRow: Sendable {
  let configuration: BenchConfiguration
  /// In the order of measuring.
  var repeats: [BenchRepeat] = []
  /// Why this configuration cannot run.
  var failure: PipelineError?

  init(configuration: BenchConfiguration, repeats: [BenchRepeat] = [], failure: PipelineError? = nil) {
    self.configuration = configuration
    self.repeats = repeats
    self.failure = failure
  }
}

/// The load average: how many threads ran or wanted to, averaged over about a minute.
struct LoadAverage: Sendable, Hashable {
  let oneMinute: Double

  /// From /proc/loadavg; nil where the system does not say.
  init?(_ tree: SystemTree) {
    guard let text = try? tree.text("/proc/loadavg"), let word = text.split(separator: " ").first,
      let value = Double(word), value.isFinite
    else { return nil }
    oneMinute = value
  }
}
