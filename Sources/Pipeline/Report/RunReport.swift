public import EdgepipeCore
import EdgepipeMachine

/// The one JSON document that says what a run did. Its keys are stable; new ones may come.
public struct RunReport: Sendable {
  public let root: ReportValue

  public init(pipeline: String, snapshot: PipelineRunner.Snapshot, outcome: RunOutcome, version: String) {
    let wall = max(snapshot.elapsedSeconds, 1e-9)
    let media = snapshot.streamFigures.map(\.values.position.seconds).max() ?? 0
    let stagesCPU = snapshot.stages.reduce(0) { $0 + $1.cpuNanoseconds }
    let cpu = max(MachineInfo.processCPUNanoseconds, stagesCPU)
    root = .object([
      "v": .int(1),
      "pipeline": .string(pipeline),
      "edgepipe": .string(version),
      "machine": Self.machine,
      "started_at": .string(snapshot.started.iso8601),
      "wall_s": .rounded(wall),
      "realtime_factor": .rounded(media / wall),
      "fps": .rounded(Double(snapshot.ledger.delivered) / wall),
      "cpu_s": .rounded(Double(cpu) / 1e9),
      "other_cpu_ms": .rounded(Double(cpu - stagesCPU) / 1e6),
      "peak_rss_mb": .rounded(MachineInfo.peakMemoryMB),
      "engine": Self.engine(of: snapshot),
      "models": .list(snapshot.stages.compactMap(Self.model)),
      "power": snapshot.power?.report(
        frames: snapshot.ledger.delivered, detections: snapshot.stages.reduce(0) { $0 + $1.values.detections })
        ?? .object(["method": .string("none")]),
      "stages": .object(
        Dictionary(
          snapshot.stages.map { ($0.id, Self.stage($0, of: snapshot, wall: wall)) },
          uniquingKeysWith: { first, _ in first })),
      "ledger": Self.ledger(snapshot.ledger, links: snapshot.links),
      "streams": StreamReport.streams(snapshot),
      "links": .list(snapshot.links.map(Self.link)),
      "stopped": .bool(outcome.wasStopped),
      "exit": .int(Int(outcome.exit.rawValue)),
      "errors": .list(
        ([outcome.failure].compactMap { $0 } + outcome.streamFailures.map(\.error)).map { .string($0.description) }),
    ])
  }

  /// The `machine` object, which reports of other commands have as well.
  public static var machine: ReportValue {
    let machine = MachineInfo.current
    return .object([
      "system": .string(machine.system), "architecture": .string(machine.architecture),
      "processor": .string(machine.processor), "cores": .int(machine.cores), "memory_mb": .int(machine.memoryMB),
    ])
  }

  private static func engine(of snapshot: PipelineRunner.Snapshot) -> ReportValue {
    snapshot.stages.lazy.compactMap { $0.facts["engine"] }.first ?? .null
  }

  /// What a stage that runs a model says of it.
  private static func model(_ stage: PipelineRunner.Snapshot.StageFigures) -> ReportValue? {
    guard let model = stage.facts["model"] else { return nil }
    let keys = ["sha256", "head", "precision", "names_from", "input_sizes", "threads", "workers"]
    var object = stage.facts.filter { keys.contains($0.key) }
    object["stage"] = .string(stage.id)
    object["model"] = model
    return .object(object)
  }

  private static func stage(
    _ stage: PipelineRunner.Snapshot.StageFigures, of snapshot: PipelineRunner.Snapshot, wall: Double
  ) -> ReportValue {
    let values = stage.values, power = snapshot.power
    return .object([
      "type": .string(stage.type),
      "workers": .int(stage.workers),
      "in": .int(values.framesIn),
      "out": .int(values.framesOut),
      "dropped": .int(values.droppedTotal),
      "dropped_by_reason": .object(
        Dictionary(values.dropped.map { ($0.key.rawValue, .int($0.value)) }, uniquingKeysWith: { first, _ in first })),
      "failed": .int(values.failed),
      "detections": .int(values.detections),
      "fps": .rounded(Double(values.framesOut) / wall),
      "service_ms": percentiles(values.service),
      "queue_ms": percentiles(values.queueWait),
      "utilisation": .rounded(snapshot.utilisation(of: stage)),
      "queue_highest": .int(stage.queueHighest),
      "cpu_ms_per_frame": .rounded(stage.cpuMillisecondsPerFrame),
      "cpu_ms": .rounded(Double(stage.cpuNanoseconds) / 1e6),
      "framework_cpu_ms": .rounded(Double(values.frameworkCPUNanoseconds) / 1e6),
      "startup_cpu_ms": .rounded(Double(values.startupCPUNanoseconds) / 1e6),
      "instructions_per_frame": stage.instructionsPerFrame.map { .double($0.rounded()) } ?? .null,
      "cycles_per_frame": stage.cyclesPerFrame.map { .double($0.rounded()) } ?? .null,
      "energy_j": power?.energy.stageJ[stage.id].map { .rounded($0) } ?? .null,
      "power_w": power?.watts(ofStage: stage.id).map { .rounded($0) } ?? .null,
      "counters": .object(values.counters.mapValues { .int($0) }),
      "facts": .object(stage.facts),
    ])
  }

  static func percentiles(_ histogram: LatencyHistogram) -> ReportValue {
    .object([
      "count": .int(histogram.count),
      "mean": .rounded(histogram.meanMilliseconds),
      "p50": .rounded(histogram.milliseconds(atPercentile: 50)),
      "p95": .rounded(histogram.milliseconds(atPercentile: 95)),
      "p99": .rounded(histogram.milliseconds(atPercentile: 99)),
      "max": .rounded(Double(histogram.maximumNanoseconds) / 1e6),
    ])
  }

  private static func ledger(_ account: Ledger.Account, links: [LinkAccount]) -> ReportValue {
    guard case .object(var object) = Self.account(account) else { return .null }
    object["balanced"] = .bool(account.isBalanced && links.allSatisfy(\.isBalanced))
    return .object(object)
  }

  static func account(_ account: Ledger.Account) -> ReportValue {
    let places = account.dropped.sorted { ($0.key.stage, $0.key.reason) < ($1.key.stage, $1.key.reason) }
    return .object([
      "admitted": .int(account.admitted), "delivered": .int(account.delivered),
      "dropped": .int(account.droppedTotal), "failed": .int(account.failedTotal), "in_flight": .int(account.inFlight),
      "balanced": .bool(account.isBalanced),
      "dropped_by": .list(
        places.map {
          .object([
            "stage": .string($0.key.stage), "reason": .string($0.key.reason.rawValue), "count": .int($0.value),
          ])
        }),
      "failed_by": .object(account.failed.mapValues { .int($0) }),
    ])
  }

  private static func link(_ link: LinkAccount) -> ReportValue {
    .object([
      "from": .string(link.from), "to": .string(link.to), "pushed": .int(link.pushed), "taken": .int(link.taken),
      "dropped": .int(link.dropped), "balanced": .bool(link.isBalanced),
    ])
  }
}
