import EdgepipeCore
import EdgepipeMachine
import Pipeline

extension ProfileContent {
  /// What the page shows of a run.
  ///
  /// - Parameters:
  ///   - version: of edgepipe.
  ///   - notes: what could not be measured, and why.
  package init(_ profile: RunProfile, version: String, notes: [String]) {
    let snapshot = profile.snapshot, load = profile.load, machine = MachineInfo.current
    let wall = max(snapshot.elapsedSeconds, 1e-9), ledger = snapshot.ledger
    let media = snapshot.streamFigures.map(\.values.position.seconds).max() ?? 0
    let stagesCPU = snapshot.stages.reduce(0) { $0 + $1.cpuNanoseconds }
    self.init(
      pipeline: profile.plan.name, version: version,
      machine: "\(machine.processor), \(machine.cores) cores, \(machine.memoryMB) MB, \(machine.system)",
      cores: Int(load.cores.rounded(.up)), engines: Self.engines(snapshot), startedAt: snapshot.started.iso8601,
      wallS: wall, fps: load.fps, realtimeFactor: media / wall, admitted: ledger.admitted, delivered: ledger.delivered,
      dropped: ledger.droppedTotal, failed: ledger.failedTotal,
      cpuS: Double(max(MachineInfo.processCPUNanoseconds, stagesCPU)) / 1e9, peakMemoryMB: MachineInfo.peakMemoryMB,
      power: snapshot.power.map(Self.power),
      bottleneck: ProfileBottleneck(
        headline: profile.bottleneck.headline, details: profile.bottleneck.costs + profile.bottleneck.reliefs),
      stages: snapshot.stages.map { Self.stage($0, snapshot) }, timeline: profile.timeline.moments,
      streams: Self.streams(snapshot), notes: notes)
  }

  private static func engines(_ snapshot: PipelineRunner.Snapshot) -> [String] {
    var engines: [String] = []
    for case .string(let engine)? in snapshot.stages.map({ $0.facts["engine"] }) where !engines.contains(engine) {
      engines.append(engine)
    }
    return engines
  }

  private static func power(_ account: PowerAccount) -> ProfilePower {
    ProfilePower(
      source: account.source, meanW: account.meanW, energyJ: account.energy.packageJ, idleJ: account.energy.idleJ,
      otherJ: account.energy.otherJ, budgetW: account.budget?.powerW)
  }

  private static func stage(
    _ stage: PipelineRunner.Snapshot.StageFigures, _ snapshot: PipelineRunner.Snapshot
  ) -> ProfileStage {
    let values = stage.values, isSource = stage.role == .source
    return ProfileStage(
      id: stage.id, type: stage.type, role: stage.role, workers: stage.workers, framesIn: values.framesIn,
      framesOut: values.framesOut,
      dropped: Dictionary(values.dropped.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: { first, _ in first }),
      failed: values.failed, fps: Double(values.framesOut) / max(snapshot.elapsedSeconds, 1e-9),
      service: ProfilePercentiles(values.service), queue: isSource ? nil : ProfilePercentiles(values.queueWait),
      queueCapacity: stage.queueCapacity, cpuMsPerFrame: stage.cpuMillisecondsPerFrame,
      cpuS: Double(stage.cpuNanoseconds) / 1e9, utilisation: snapshot.utilisation(of: stage),
      energyJ: snapshot.power?.energy.stageJ[stage.id], powerW: snapshot.power?.watts(ofStage: stage.id),
      instructionsPerFrame: stage.instructionsPerFrame)
  }

  private static func streams(_ snapshot: PipelineRunner.Snapshot) -> [ProfileStream] {
    snapshot.streamFigures.map { figures in
      let account = snapshot.streams[figures.id]
      return ProfileStream(
        id: figures.id, latency: ProfilePercentiles(figures.values.latency), attainment: figures.values.attainment,
        delivered: account?.delivered ?? 0, dropped: account?.droppedTotal ?? 0)
    }
  }
}

extension ProfilePercentiles {
  init(_ histogram: LatencyHistogram) {
    self.init(
      p50: histogram.milliseconds(atPercentile: 50), p95: histogram.milliseconds(atPercentile: 95),
      p99: histogram.milliseconds(atPercentile: 99), max: Double(histogram.maximumNanoseconds) / 1e6)
  }
}
