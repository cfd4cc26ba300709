import Foundation

/// One figure of a run that is compared.
package enum Metric: String, Sendable, CaseIterable {
  case latencyP50 = "latency_p50_ms"
  case latencyP95 = "latency_p95_ms"
  case fps
  case cpu = "cpu_ms_per_frame"
  case energy = "energy_j_per_frame"
  case memory = "peak_rss_mb"

  /// Of frames a second more is better, of everything else less.
  var isHigherBetter: Bool { self == .fps }

  func value(of run: RunFigures) -> Double? {
    switch self {
    case .latencyP50: run.latencyP50Ms
    case .latencyP95: run.latencyP95Ms
    case .fps: run.fps
    case .cpu: run.cpuMsPerFrame
    case .energy: run.energyJPerFrame
    case .memory: run.peakMemoryMB
    }
  }
}

/// One metric of both sides, a value a repeat.
package struct MetricComparison: Sendable {
  package let metric: Metric
  /// Each value is the geometric mean over the repeat's runs: of a round in which the machine was twice as slow, all
  /// repeats so get the same factor, and such rounds weigh no more than others.
  package let samples: Both<Sample>
  /// From A's mean to B's; nil where it cannot be told, such as from a baseline of 0.
  package let change: RelativeChange?

  /// Nil where a run has no such value.
  init?(_ metric: Metric, runs: [Experiment.Measured<RunFigures>]) {
    var repeats = Both<[Int: [Double]]>(a: [:], b: [:])
    for run in runs {
      guard let value = metric.value(of: run.value) else { return nil }
      repeats[run.turn.side][run.turn.number, default: []].append(value)
    }
    func sample(_ repeats: [Int: [Double]]) -> Sample? {
      Sample(repeats.sorted { $0.key < $1.key }.map { Self.geometricMean($0.value) })
    }
    guard let a = sample(repeats.a), let b = sample(repeats.b) else { return nil }
    self.metric = metric
    samples = Both(a: a, b: b)
    change = RelativeChange(from: a, to: b)
  }

  /// 0 where one of the values is.
  private static func geometricMean(_ values: [Double]) -> Double {
    guard values.allSatisfy({ $0 > 0 }) else { return 0 }
    return exp(values.reduce(0) { $0 + log($1) } / Double(values.count))
  }
}
