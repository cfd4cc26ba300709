import Foundation

/// The repeats of a benchmark as comma-separated values (RFC 4180), one a line: for a spreadsheet or another statistic.
package struct BenchCSV: Sendable {
  static let header = [
    "width", "height", "batch", "threads", "workers", "repeat", "complete", "samples", "mean_ms", "p50_ms", "p90_ms",
    "p95_ms", "p99_ms", "max_ms", "wall_s", "pictures_per_s", "cpu_s", "energy_j", "load_ms", "memory_before_mb",
    "memory_running_mb", "memory_peak_mb", "memory_after_mb",
  ]

  package let text: String

  package init(_ result: BenchResult) {
    var lines = [Self.header]
    for row in result.rows {
      for (index, value) in row.repeats.enumerated() { lines.append(Self.line(row.configuration, index + 1, value)) }
    }
    text = lines.map { $0.joined(separator: ",") + "\r\n" }.joined()
  }

  private static func line(_ configuration: BenchConfiguration, _ number: Int, _ value: BenchRepeat) -> [String] {
    let latency = Sample(value.latenciesMs), memory = value.memory
    func text(_ value: Double?, _ digits: Int = 4) -> String { value.map { String(format: "%.\(digits)f", $0) } ?? "" }
    let whole = [
      configuration.width, configuration.height, configuration.batch, configuration.threads, configuration.workers,
      number,
    ].map(String.init)
    let times = [
      latency?.mean, latency?.median, latency?.quantile(0.9), latency?.quantile(0.95), latency?.quantile(0.99),
      latency?.maximum,
    ].map { text($0) }
    let rest = [
      text(value.wallSeconds, 6), text(value.inferencesPerSecond * Double(configuration.batch)),
      text(value.cpuSeconds, 6), text(value.joules, 6), text(value.loadSeconds * 1000),
    ]
    let megabytes = [memory?.beforeMB, memory?.runningMB, memory?.peakMB, memory?.afterMB].map { text($0, 1) }
    return whole + [value.isComplete ? "1" : "0", "\(value.latenciesMs.count)"] + times + rest + megabytes
  }
}
