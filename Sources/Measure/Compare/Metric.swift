/// One figure of a run that is compared.
public enum Metric: String, Sendable, CaseIterable {
  case latencyP50 = "latency_p50_ms"
  case latencyP95 = "latency_p95_ms"
  case fps
  case cpu = "cpu_ms_per_frame"
  case energy = "energy_j_per_frame"
  case memory = "peak_rss_mb"

  /// Of frames a second more is better, of everything else less.
  public var isHigherBetter: Bool { self == .fps }

  public func value(of run: RunFigures) -> Double? {
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

/// One metric of both sides, a value a run.
public struct MetricComparison: Sendable {
  public let metric: Metric
  public let samples: Both<Sample>
  /// From A's mean to B's; nil where it cannot be told, such as from a baseline of 0.
  public let change: RelativeChange?

  /// Nil where a run has no such value.
  public init?(_ metric: Metric, runs: Both<[RunFigures]>) {
    func sample(_ runs: [RunFigures]) -> Sample? {
      let values = runs.compactMap(metric.value)
      return values.count == runs.count ? Sample(values) : nil
    }
    guard let a = sample(runs.a), let b = sample(runs.b) else { return nil }
    self.metric = metric
    samples = Both(a: a, b: b)
    change = RelativeChange(from: a, to: b)
  }
}
