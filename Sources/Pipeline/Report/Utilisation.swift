extension PipelineRunner.Snapshot {
  /// The share of its threads' time, 0 to 1, that a stage worked: work / (wall time x workers).
  ///
  /// Of a source, which has a thread a stream: work / (work + pauses + waiting for a place). A live source waits for
  /// its camera in the midst of its work, so that for one the CPU time counts as work.
  public func utilisation(of stage: StageFigures) -> Double {
    let values = stage.values
    let share: Double
    if stage.role == .source {
      let time = values.workNanoseconds + values.pausedNanoseconds + values.blockedNanoseconds
      let isLive = streamFigures.contains { $0.sourceStage == stage.id && $0.isLive }
      let work = isLive ? min(stage.workingCPUNanoseconds, values.workNanoseconds) : values.workNanoseconds
      share = time > 0 ? Double(work) / Double(time) : 0
    } else {
      let time = elapsedSeconds * 1e9 * Double(max(1, stage.workers))
      share = time > 0 ? Double(values.workNanoseconds) / time : 0
    }
    return min(max(share, 0), 1)
  }
}

extension PipelineRunner.Snapshot.StageFigures {
  /// Frames on which it worked; of a source, those that it brought.
  public var framesWorked: Int { role == .source ? values.framesIn : values.framesWorked }

  /// CPU time of all the stage's threads since its workers were ready.
  public var workingCPUNanoseconds: Int64 { max(0, cpuNanoseconds - values.startupCPUNanoseconds) }

  /// CPU time of all the stage's threads a frame that it worked on or, for a source, made; loading models not counted.
  public var cpuMillisecondsPerFrame: Double {
    Double(workingCPUNanoseconds) / 1e6 / Double(max(1, framesWorked))
  }

  /// Instructions in user mode a frame; nil unless every thread of the stage was counted.
  public var instructionsPerFrame: Double? { perFrame(values.instructions) }

  /// Clock cycles in user mode a frame; nil unless every thread of the stage was counted.
  public var cyclesPerFrame: Double? { perFrame(values.cycles) }

  private func perFrame(_ count: Int64) -> Double? {
    guard values.threadsCounted > 0, values.threadsNotCounted == 0, framesWorked > 0 else { return nil }
    return Double(count) / Double(framesWorked)
  }
}
