import Pipeline

extension MetricsPage {
  func writeStages(_ text: inout PrometheusText) {
    let stages = snapshot.stages
    let queues = stages.filter { $0.role != .source }
    text.begin(.stageInfo)
    for stage in stages { text.add(1, stage.id, stage.type, stage.role.rawValue) }
    text.begin(.stageWorkers)
    for stage in queues { text.add(stage.workers, stage.id) }
    text.begin(.stageFramesIn)
    for stage in stages { text.add(stage.values.framesIn, stage.id) }
    text.begin(.stageFramesOut)
    for stage in stages { text.add(stage.values.framesOut, stage.id) }
    text.begin(.stageFramesDropped)
    for stage in stages { write(stage.values.dropped, droppedBy: stage, &text) }
    text.begin(.stageFramesFailed)
    for stage in stages { text.add(stage.values.failed, stage.id) }
    text.begin(.stageDetections)
    for stage in stages { text.add(stage.values.detections, stage.id) }
    text.begin(.stageIncidents)
    for stage in stages {
      for (name, count) in stage.values.counters.sorted(by: { $0.key < $1.key }) { text.add(count, stage.id, name) }
    }
    text.begin(.stageService)
    for stage in stages { text.add(stage.values.service, stage.id) }
    text.begin(.stageQueueWait)
    for stage in queues { text.add(stage.values.queueWait, stage.id) }
    text.begin(.stageQueueFrames)
    for stage in queues { text.add(stage.queueDepth, stage.id) }
    text.begin(.stageQueueHighest)
    for stage in queues { text.add(stage.queueHighest, stage.id) }
    text.begin(.stageCPU)
    for stage in stages { text.add(Double(stage.cpuNanoseconds) / 1e9, stage.id) }
  }
}
