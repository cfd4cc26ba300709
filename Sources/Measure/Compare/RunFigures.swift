import EdgepipeCore
package import Foundation

/// What one run measured, read from its report (`edgepipe run --report`).
package struct RunFigures: Sendable, Equatable {
  /// Delivered frames.
  package var frames: Int
  /// Percentiles over the run's frames of the compared stage's service time, or of the work of all stages.
  package var latencyP50Ms: Double
  var latencyP95Ms: Double
  /// Delivered frames a second.
  var fps: Double
  /// CPU time of all stages a delivered frame, without what came before the first frame.
  var cpuMsPerFrame: Double
  /// Nil where nothing measured or estimated it.
  var energyJPerFrame: Double?
  /// The most memory that the run's process held, in megabytes of 2^20 bytes.
  var peakMemoryMB: Double
  package var power: Power?

  /// How the energy is known.
  package struct Power: Sendable, Equatable {
    var method: String
    var isEstimated: Bool
    /// In words, such as `estimated: generic-x86-server, 10 W idle + 4 W a busy core`.
    package var source: String
  }

  /// - Parameters:
  ///   - report: the JSON text of a run report.
  ///   - stage: the stage whose service time is the latency; nil: the time that all stages behind the source worked on
  ///     a frame, of several streams the slowest.
  /// - Throws: ``PipelineError`` for a run that delivered nothing, or that has no such stage.
  package init(report: Data, stage: String?) throws {
    let values: Report
    do { values = try JSONDecoder().decode(Report.self, from: report) } catch {
      throw PipelineError("a run's report cannot be read: \(error)", code: .internalFault)
    }
    frames = values.ledger.delivered
    guard frames > 0 else {
      throw PipelineError(
        "the run delivered no frame: there is nothing to compare", remedy: "check it with edgepipe run",
        code: .unsupported)
    }
    let latency = try values.latency(of: stage)
    latencyP50Ms = latency.p50
    latencyP95Ms = latency.p95
    fps = values.fps
    cpuMsPerFrame = values.stages.values.reduce(0) { $0 + max(0, $1.cpuMs - $1.startupCPUMs) } / Double(frames)
    energyJPerFrame = values.power.jPerFrame
    peakMemoryMB = values.peakMemoryMB
    power = values.power.source.map {
      Power(method: values.power.method, isEstimated: values.power.estimated ?? false, source: $0)
    }
  }
}

/// The keys of the run report that are needed here.
private struct Report: Decodable {
  struct Percentiles: Decodable {
    let count: Int
    let p50: Double
    let p95: Double
  }

  struct Stage: Decodable {
    let service: Percentiles
    let cpuMs: Double
    let startupCPUMs: Double

    enum CodingKeys: String, CodingKey {
      case service = "service_ms"
      case cpuMs = "cpu_ms"
      case startupCPUMs = "startup_cpu_ms"
    }
  }

  struct Stream: Decodable {
    let work: Percentiles

    enum CodingKeys: String, CodingKey { case work = "work_ms" }
  }

  struct Power: Decodable {
    let method: String
    let estimated: Bool?
    let source: String?
    let jPerFrame: Double?

    enum CodingKeys: String, CodingKey {
      case method, estimated, source
      case jPerFrame = "j_per_frame"
    }
  }

  struct Ledger: Decodable { let delivered: Int }

  let fps: Double
  let peakMemoryMB: Double
  let stages: [String: Stage]
  let streams: [String: Stream]
  let power: Power
  let ledger: Ledger

  enum CodingKeys: String, CodingKey {
    case fps, stages, streams, power, ledger
    case peakMemoryMB = "peak_rss_mb"
  }

  func latency(of stage: String?) throws -> Percentiles {
    guard let stage else {
      guard let slowest = streams.values.max(by: { $0.work.p50 < $1.work.p50 }) else {
        throw PipelineError("the run had no stream", code: .internalFault)
      }
      return slowest.work
    }
    guard let figures = stages[stage], figures.service.count > 0 else {
      throw PipelineError("the stage '\(stage)' processed no frame", remedy: "name another --stage", code: .unsupported)
    }
    return figures.service
  }
}
