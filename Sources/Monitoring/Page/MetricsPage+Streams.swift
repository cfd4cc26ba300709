import EdgepipeCore
import Pipeline

extension MetricsPage {
  func writeStreams(_ text: inout PrometheusText) {
    let streams = MergedStream.all(snapshot)
    text.begin(.streamInfo)
    for stream in streams { text.add(1, stream.id, stream.latest.sourceStage, stream.latest.isLive ? "true" : "false") }
    text.begin(.streamState)
    for stream in streams {
      for state in StreamState.allCases { text.add(state == stream.latest.state ? 1 : 0, stream.id, state.rawValue) }
    }
    text.begin(.streamFaults)
    for stream in streams { text.add(stream.faults, stream.id) }
    text.begin(.streamAdmitted)
    for stream in streams { text.add(stream.account.admitted, stream.id) }
    text.begin(.streamFrames)
    for stream in streams {
      text.add(stream.account.delivered, stream.id, "delivered")
      text.add(stream.account.droppedTotal, stream.id, "dropped")
      text.add(stream.account.failedTotal, stream.id, "failed")
    }
    text.begin(.streamInFlight)
    for stream in streams { text.add(stream.account.inFlight, stream.id) }
    text.begin(.streamDetected)
    for stream in streams { text.add(stream.detected, stream.id) }
    text.begin(.streamLatency)
    for stream in streams { text.add(stream.latency, stream.id) }
    text.begin(.streamQueueing)
    for stream in streams { text.add(stream.queueing, stream.id) }
    writeDeadlines(streams.filter { $0.latest.deadlineMs != nil || $0.withDeadline > 0 }, &text)
    text.begin(.streamPosition)
    for stream in streams { text.add(stream.latest.values.position.seconds, stream.id) }
    text.begin(.streamDuration)
    for stream in streams {
      if let duration = stream.latest.values.duration { text.add(duration.seconds, stream.id) }
    }
  }

  /// Frames of files have none, and an attainment of 0 of 0 would look like a miss.
  private func writeDeadlines(_ streams: [MergedStream], _ text: inout PrometheusText) {
    text.begin(.streamDeadline)
    for stream in streams {
      if let deadline = stream.latest.deadlineMs { text.add(deadline / 1e3, stream.id) }
    }
    text.begin(.streamWithDeadline)
    for stream in streams { text.add(stream.withDeadline, stream.id) }
    text.begin(.streamInTime)
    for stream in streams { text.add(stream.inTime, stream.id) }
    text.begin(.streamLate)
    for stream in streams { text.add(stream.late, stream.id) }
  }
}
