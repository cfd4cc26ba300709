import Detectors
package import EdgepipeCore
import EdgepipeMachine
import Foundation
import Pipeline

/// A benchmark as one JSON document. Its keys are stable; new ones may come.
package struct BenchReport: Sendable {
  package let root: ReportValue

  package init(_ result: BenchResult, facts: BenchFacts) {
    let figures = result.rows.map { BenchFigures($0, cores: result.cores) }
    let meter = result.power.meter
    root = .object([
      "v": .int(1),
      "edgepipe": .string(facts.version),
      "machine": RunReport.machine,
      "engine": .string(facts.engine),
      "model": .object([
        "name": .string(facts.manifest.name), "sha256": .string(facts.model.sha256),
        "head": .string(facts.manifest.head.rawValue), "precision": .string(facts.manifest.precision),
        "file_bytes": .int(facts.byteCount),
      ]),
      "measured": .string(facts.measured),
      "fed": .string(facts.fed),
      "notes": .list(facts.notes.map { .string($0) }),
      "protocol": .object([
        "warm_ups": .int(result.settings.warmUps), "runs": .int(result.settings.runs),
        "batches": .int(result.settings.batches), "repeats": .int(result.settings.repeats),
        "interleaved": .bool(true), "confidence": .double(Self.level), "outlier_factor": .double(1.5),
        "early_stopping_confidence": .double(EarlyStoppingPercentile.confidence),
      ]),
      "started_at": .string(result.started.iso8601),
      "wall_s": .figure(result.wallSeconds, 3),
      "stopped": .bool(result.wasStopped),
      "memory_peak": .string(result.peakIsKernels ? "kernel" : "sampled every 20 ms"),
      "power": .object([
        "method": .string(meter.method.rawValue), "estimated": .bool(meter.method.isEstimate),
        "meter": .string(meter.name), "profile": .string(result.power.profile.name),
        "idle_w": .double(result.power.profile.idleW), "notes": .list(result.power.notes.map { .string($0) }),
      ]),
      "load_average_before": .figure(result.loadBefore?.oneMinute, 2),
      "warnings": .list(BenchNoise(result, figures: figures).warnings.map { .string($0) }),
      "configurations": .list(zip(result.rows, figures).map(Self.row)),
    ])
  }

  private static let level = 0.95

  private static func row(_ row: BenchRow, _ figures: BenchFigures?) -> ReportValue {
    let configuration = row.configuration
    var object: [String: ReportValue] = [
      "width": .int(configuration.width), "height": .int(configuration.height), "batch": .int(configuration.batch),
      "threads": .int(configuration.threads), "workers": .int(configuration.workers),
      "unsupported": row.failure.map { .string($0.description) } ?? .null,
      "repeats": .int(row.repeats.count),
    ]
    if let figures { object.merge(Self.figures(figures)) { $1 } }
    object["per_repeat"] = .list(row.repeats.enumerated().map { Self.repeated($1, number: $0 + 1, configuration) })
    return .object(object)
  }

  private static func figures(_ figures: BenchFigures) -> [String: ReportValue] {
    let latency = figures.latency
    return [
      "samples": .int(latency.count),
      "latency_ms": .object([
        "mean": .figure(latency.mean), "min": .figure(latency.minimum), "p50": .figure(latency.median),
        "p90": .figure(latency.quantile(0.9)), "p95": .figure(latency.quantile(0.95)),
        "p99": .figure(latency.quantile(0.99)), "max": .figure(latency.maximum),
      ]),
      "early_stopping_ms": .object([
        "p90": .figure(figures.earlyStopping90?.estimate), "p99": .figure(figures.earlyStopping99?.estimate),
      ]),
      "inferences_per_s": .figure(figures.inferencesPerSecond),
      "pictures_per_s": .figure(figures.picturesPerSecond),
      "over_repeats": .object([
        "p50_ms": interval(figures.p50), "p95_ms": interval(figures.p95), "p99_ms": interval(figures.p99),
        "pictures_per_s": interval(figures.rate),
      ]),
      "spread": .figure(figures.spread),
      "outliers": .object([
        "low": .int(figures.outliers.low), "high": .int(figures.outliers.high),
        "lower_fence_ms": .figure(figures.outliers.lowerFence), "upper_fence_ms": .figure(figures.outliers.upperFence),
      ]),
      "memory_mb": figures.memory.map(memory) ?? .null,
      "energy": .object([
        "j_per_inference": .figure(figures.joulesPerInference, 6),
        "j_per_picture": .figure(figures.joulesPerPicture, 6), "mean_w": .figure(figures.watts),
      ]),
      "cpu": .object([
        "busy_cores": .figure(figures.busyCores), "ms_per_inference": .figure(figures.cpuMsPerInference),
        "others": .figure(figures.machine?.others), "steal": .figure(figures.machine?.steal),
      ]),
      "load_ms": .figure(figures.loadMs),
    ]
  }

  private static func interval(_ sample: Sample?) -> ReportValue {
    guard let sample else { return .null }
    let interval = ConfidenceInterval(sample, level: level)
    return .object([
      "mean": .figure(sample.mean), "lower": .figure(interval?.lower), "upper": .figure(interval?.upper),
      "standard_error": .figure(sample.standardError),
      "relative_standard_error": .figure(sample.relativeStandardError, 5),
    ])
  }

  private static func memory(_ memory: BenchMemory) -> ReportValue {
    .object([
      "before": .figure(memory.beforeMB, 1), "running": .figure(memory.runningMB, 1), "peak": .figure(memory.peakMB, 1),
      "after": .figure(memory.afterMB, 1),
    ])
  }

  private static func repeated(
    _ value: BenchRepeat, number: Int, _ configuration: BenchConfiguration
  ) -> ReportValue {
    let latency = Sample(value.latenciesMs)
    return .object([
      "repeat": .int(number), "complete": .bool(value.isComplete), "samples": .int(value.latenciesMs.count),
      "mean_ms": .figure(latency?.mean), "p50_ms": .figure(latency?.median), "p90_ms": .figure(latency?.quantile(0.9)),
      "p95_ms": .figure(latency?.quantile(0.95)), "p99_ms": .figure(latency?.quantile(0.99)),
      "max_ms": .figure(latency?.maximum), "wall_s": .figure(value.wallSeconds, 6),
      "pictures_per_s": .figure(value.inferencesPerSecond * Double(configuration.batch)),
      "cpu_s": .figure(value.cpuSeconds, 6), "energy_j": .figure(value.joules, 6),
      "load_ms": .figure(value.loadSeconds * 1000), "memory_mb": value.memory.map(memory) ?? .null,
    ])
  }
}

extension ReportValue {
  /// A number with so many decimals; null for none and for what is not finite.
  static func figure(_ value: Double?, _ digits: Int = 4) -> ReportValue {
    guard let value, value.isFinite else { return .null }
    let unit = pow(10, Double(digits))
    return .double((value * unit).rounded() / unit)
  }
}
