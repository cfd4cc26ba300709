extension RunView {
  /// What has happened since an earlier report of the same run: a run of weeks would hide what is wrong now.
  package func since(_ earlier: RunView) -> RunView {
    guard wallS > earlier.wallS else { return self }
    var view = self
    view.wallS = wallS - earlier.wallS
    view.admitted = Self.rest(admitted, earlier.admitted)
    view.delivered = Self.rest(delivered, earlier.delivered)
    view.failed = Self.rest(failed, earlier.failed)
    view.cpuS = max(0, cpuS - earlier.cpuS)
    view.otherCPUS = Self.rest(otherCPUS, earlier.otherCPUS)
    view.throttledS = Self.rest(throttledS, earlier.throttledS)
    view.stages = stages.map { stage in earlier.stage(stage.id).map(stage.since) ?? stage }
    view.streams = streams.map { stream in
      earlier.streams.first { $0.id == stream.id }.map(stream.since) ?? stream
    }
    view.power.energyJ = Self.rest(power.energyJ, earlier.power.energyJ)
    view.power.seconds = Self.rest(power.seconds, earlier.power.seconds)
    if let energy = view.power.energyJ, let seconds = view.power.seconds, seconds > 0 {
      view.power.meanW = energy / seconds
      view.power.highestMeanW = view.power.meanW
    }
    return view
  }

  static func rest(_ now: Int, _ before: Int) -> Int { max(0, now.subtractingReportingOverflow(before).partialValue) }

  static func rest(_ now: Double?, _ before: Double?) -> Double? {
    now.flatMap { now in before.map { max(0, now - $0) } }
  }

  static func rest(_ now: [String: Int], _ before: [String: Int]) -> [String: Int] {
    Dictionary(
      now.map { ($0.key, rest($0.value, before[$0.key] ?? 0)) }, uniquingKeysWith: { first, _ in first })
  }
}

extension StageView {
  func since(_ earlier: StageView) -> StageView {
    var view = self
    view.framesIn = RunView.rest(framesIn, earlier.framesIn)
    view.framesOut = RunView.rest(framesOut, earlier.framesOut)
    view.dropped = RunView.rest(dropped, earlier.dropped)
    view.failed = RunView.rest(failed, earlier.failed)
    view.detections = RunView.rest(detections, earlier.detections)
    view.worked = RunView.rest(worked, earlier.worked)
    view.workMs = max(0, workMs - earlier.workMs)
    view.cpuMs = max(0, cpuMs - earlier.cpuMs)
    view.pausedMs = max(0, pausedMs - earlier.pausedMs)
    view.blockedMs = max(0, blockedMs - earlier.blockedMs)
    view.energyJ = RunView.rest(energyJ, earlier.energyJ)
    view.counters = RunView.rest(counters, earlier.counters)
    return view
  }
}

extension StreamView {
  func since(_ earlier: StreamView) -> StreamView {
    var view = self
    view.mediaS = max(0, mediaS - earlier.mediaS)
    view.admitted = RunView.rest(admitted, earlier.admitted)
    view.delivered = RunView.rest(delivered, earlier.delivered)
    view.dropped = RunView.rest(dropped, earlier.dropped)
    view.late = RunView.rest(late, earlier.late)
    view.faults = RunView.rest(faults, earlier.faults)
    view.faultS = max(0, faultS - earlier.faultS)
    return view
  }
}
