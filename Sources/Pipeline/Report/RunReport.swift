public import EdgepipeCore
package import EdgepipeMachine

/// The one JSON document that says what a run did. Its keys are stable; new ones may come.
public struct RunReport: Sendable {
  public let root: ReportValue

  public init(pipeline: String, snapshot: PipelineRunner.Snapshot, outcome: RunOutcome, version: String) {
    self.init(
      pipeline: pipeline, snapshot: snapshot, outcome: outcome, version: version, file: nil, power: snapshot.power)
  }

  /// - Parameters:
  ///   - file: the pipeline file, as the user named it; nil where there is none.
  ///   - power: where the energy went; nil where that is not known.
  package init(
    pipeline: String, snapshot: PipelineRunner.Snapshot, outcome: RunOutcome, version: String, file: String?,
    power: PowerAccount?
  ) {
    let wall = max(snapshot.elapsedSeconds, 1e-9)
    let stages = snapshot.stages.map { ($0.id, Self.stage($0, of: snapshot, power, wall: wall)) }
    let detections = snapshot.stages.reduce(0) { $0 + $1.values.detections }
    var object = Self.times(snapshot, wall: wall)
    object["v"] = .int(1)
    object["pipeline"] = .string(pipeline)
    object["file"] = file.map { .string($0) } ?? .null
    object["edgepipe"] = .string(version)
    object["machine"] = Self.machine
    object["resources"] = snapshot.resources?.report ?? .null
    object["engine"] = Self.engine(of: snapshot)
    object["models"] = .list(snapshot.stages.compactMap(Self.model))
    object["power"] =
      power?.report(frames: snapshot.ledger.delivered, detections: detections)
      ?? .object(["method": .string("none")])
    object["stages"] = .object(Dictionary(stages, uniquingKeysWith: { first, _ in first }))
    object["ledger"] = Self.ledger(snapshot.ledger, links: snapshot.links)
    object["streams"] = StreamReport.streams(snapshot)
    object["links"] = .list(snapshot.links.map(Self.link))
    object["stopped"] = .bool(outcome.wasStopped)
    object["exit"] = .int(Int(outcome.exit.rawValue))
    let errors = [outcome.failure].compactMap { $0 } + outcome.streamFailures.map(\.error)
    object["errors"] = .list(errors.map { .string($0.description) })
    root = .object(object)
  }

  private static func times(_ snapshot: PipelineRunner.Snapshot, wall: Double) -> [String: ReportValue] {
    let media = snapshot.streamFigures.map(\.values.position.seconds).max() ?? 0
    let stagesCPU = snapshot.stages.reduce(0) { $0 + $1.cpuNanoseconds }
    let cpu = max(MachineInfo.processCPUNanoseconds, stagesCPU)
    return [
      "started_at": .string(snapshot.started.iso8601), "wall_s": .rounded(wall),
      "realtime_factor": .rounded(media / wall), "fps": .rounded(Double(snapshot.ledger.delivered) / wall),
      "cpu_s": .rounded(Double(cpu) / 1e9), "other_cpu_ms": .rounded(Double(cpu - stagesCPU) / 1e6),
      "peak_rss_mb": .rounded(MachineInfo.peakMemoryMB),
    ]
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
    _ stage: PipelineRunner.Snapshot.StageFigures, of snapshot: PipelineRunner.Snapshot, _ power: PowerAccount?,
    wall: Double
  ) -> ReportValue {
    let values = stage.values
    var object = work(of: stage, utilisation: snapshot.utilisation(of: stage))
    object["type"] = .string(stage.type)
    object["workers"] = .int(stage.workers)
    object["in"] = .int(values.framesIn)
    object["out"] = .int(values.framesOut)
    object["dropped"] = .int(values.droppedTotal)
    let dropped = values.dropped.map { ($0.key.rawValue, ReportValue.int($0.value)) }
    object["dropped_by_reason"] = .object(Dictionary(dropped, uniquingKeysWith: { first, _ in first }))
    object["failed"] = .int(values.failed)
    object["detections"] = .int(values.detections)
    object["fps"] = .rounded(Double(values.framesOut) / wall)
    object["queue_highest"] = .int(stage.queueHighest)
    object["queue_capacity"] = stage.queueCapacity.map { .int($0) } ?? .null
    object["energy_j"] = power?.energy.stageJ[stage.id].map { .rounded($0) } ?? .null
    object["power_w"] = power?.watts(ofStage: stage.id).map { .rounded($0) } ?? .null
    object["counters"] = .object(values.counters.mapValues { .int($0) })
    object["facts"] = .object(stage.facts)
    return .object(object)
  }

  /// What a stage's work took.
  private static func work(
    of stage: PipelineRunner.Snapshot.StageFigures, utilisation: Double
  ) -> [String: ReportValue] {
    let values = stage.values
    func milliseconds(_ nanoseconds: Int64) -> ReportValue { .rounded(Double(nanoseconds) / 1e6) }
    return [
      "service_ms": percentiles(values.service), "queue_ms": percentiles(values.queueWait),
      "utilisation": .rounded(utilisation), "worked": .int(stage.framesWorked),
      "work_ms": milliseconds(values.workNanoseconds), "paused_ms": milliseconds(values.pausedNanoseconds),
      "blocked_ms": milliseconds(values.blockedNanoseconds), "cpu_ms": milliseconds(stage.cpuNanoseconds),
      "cpu_ms_per_frame": .rounded(stage.cpuMillisecondsPerFrame),
      "framework_cpu_ms": milliseconds(values.frameworkCPUNanoseconds),
      "startup_cpu_ms": milliseconds(values.startupCPUNanoseconds),
      "instructions_per_frame": stage.instructionsPerFrame.map { .double($0.rounded()) } ?? .null,
      "cycles_per_frame": stage.cyclesPerFrame.map { .double($0.rounded()) } ?? .null,
    ]
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
