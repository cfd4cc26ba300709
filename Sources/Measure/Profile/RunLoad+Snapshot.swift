import Pipeline

extension RunLoad {
  /// What a finished run did with its time.
  ///
  /// - Parameters:
  ///   - processCPUS: CPU seconds from the moment when all stages were ready.
  ///   - cores: those that the program may use.
  init(
    plan: PipelinePlan, snapshot: PipelineRunner.Snapshot, processCPUS: Double, otherProgramsCPUS: Double?,
    cores: Double, hasInt8DotProduct: Bool
  ) {
    let latencies = snapshot.streamFigures.map(\.values.latency)
    let delivered = latencies.reduce(0) { $0 + $1.count }
    let sum = latencies.reduce(0) { $0 + $1.meanMilliseconds * Double($1.count) }
    let longest = latencies.max { $0.count < $1.count }
    let stages = Self.stages(plan, snapshot)
    self.init(
      wallS: snapshot.elapsedSeconds, cores: cores,
      // The sources of a very short run may have begun before the process was looked at.
      processCPUS: max(processCPUS, stages.reduce(0) { $0 + $1.cpuS }), otherProgramsCPUS: otherProgramsCPUS,
      admitted: snapshot.ledger.admitted, delivered: snapshot.ledger.delivered,
      framesInFlight: snapshot.streamFigures.reduce(0) { $0 + plan.effectiveFramesInFlight(isLive: $1.isLive) },
      meanLatencyS: delivered > 0 ? sum / Double(delivered) / 1000 : 0,
      medianLatencyMs: longest?.milliseconds(atPercentile: 50) ?? 0, deadlineMs: plan.deadlineMs,
      hasInt8DotProduct: hasInt8DotProduct, stages: stages)
  }

  private static func stages(_ plan: PipelinePlan, _ snapshot: PipelineRunner.Snapshot) -> [StageLoad] {
    let plans = Dictionary(plan.stages.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    let brought = Dictionary(
      snapshot.stages.filter { $0.role == .source }.map { ($0.id, $0.values.framesIn) },
      uniquingKeysWith: { first, _ in first })
    return snapshot.stages.map { figures in
      let values = figures.values, isSource = figures.role == .source, stage = plans[figures.id]
      let streams = snapshot.streamFigures.filter { $0.sourceStage == figures.id }
      let offered = sources(of: figures.id, plans).reduce(0) { $0 + (brought[$1] ?? 0) }
      return StageLoad(
        id: figures.id, type: figures.type, role: figures.role,
        workers: isSource ? max(1, streams.count) : figures.workers,
        maximumWorkers: stage?.descriptor.maximumWorkers ?? 1,
        worked: figures.framesWorked, offered: offered,
        busyS: Double(values.workNanoseconds) / 1e9, cpuS: Double(figures.workingCPUNanoseconds) / 1e9,
        utilisation: snapshot.utilisation(of: figures), dropped: values.dropped,
        waiting: isSource
          ? StageLoad.Waiting(
            isLive: !streams.isEmpty && streams.allSatisfy(\.isLive), pausedS: Double(values.pausedNanoseconds) / 1e9,
            blockedS: Double(values.blockedNanoseconds) / 1e9)
          : nil,
        needsOrder: figures.needsOrder, tips: figures.tips)
    }
  }

  /// The ids of the sources that lead to a stage, itself if it is one.
  private static func sources(of id: String, _ plans: [String: PipelinePlan.StagePlan]) -> Set<String> {
    var seen: Set<String> = [], left = [id], found: Set<String> = []
    while let next = left.popLast() {
      guard seen.insert(next).inserted, let plan = plans[next] else { continue }
      if plan.after.isEmpty { found.insert(next) }
      left += plan.after
    }
    return found
  }
}
