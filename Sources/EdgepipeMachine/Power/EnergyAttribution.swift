/// Splits a machine's energy over a span of time into rows that add up to it: idle, each stage, other.
///
///     idle  = idle watts x time, and no more than there is
///     stage = (all - idle) x the stage's CPU time / all busy CPU time
///     other = (all - idle) x the CPU time that no stage had / all busy CPU time
public struct EnergyAttribution: Sendable, Hashable {
  public let packageJ: Double
  public let idleJ: Double
  public let stageJ: [String: Double]
  /// The program's own threads, what libraries do outside of stages, and other programs.
  public let otherJ: Double

  /// - Parameters:
  ///   - packageJ: what the meter counted.
  ///   - stageCPU: CPU nanoseconds of each stage in the same span.
  ///   - busyCPU: CPU nanoseconds of everything that the meter's energy went into; at least the stages' sum is taken.
  init(packageJ: Double, seconds: Double, idleW: Double, stageCPU: [String: Int64], busyCPU: Int64) {
    let stages = stageCPU.mapValues { Double(max(0, $0)) }
    let worked = stages.values.reduce(0, +)
    let busy = max(Double(busyCPU), worked)
    let idle = min(max(0, idleW * seconds), max(0, packageJ))
    let active = max(0, packageJ) - idle
    self.packageJ = max(0, packageJ)
    idleJ = idle
    stageJ = stages.mapValues { busy > 0 ? active * $0 / busy : 0 }
    otherJ = busy > 0 ? active * (busy - worked) / busy : active
  }
}
