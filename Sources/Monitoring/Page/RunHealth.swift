import Pipeline

/// What `/healthz` answers.
///
/// A run is healthy until it is asked to end, fails, or every stream is dead: ended, stalled, refused by its server, or
/// waiting to be connected again. A stream that connects for the first time counts as alive, and a run that has had no
/// stream yet is healthy.
struct RunHealth: Sendable, Hashable {
  let isHealthy: Bool
  /// One line.
  let message: String

  init(isHealthy: Bool, message: String) {
    self.isHealthy = isHealthy
    self.message = message
  }

  init(_ snapshot: PipelineRunner.Snapshot, isStopping: Bool) {
    let states = MergedStream.all(snapshot).map(\.latest.state)
    let alive = states.count { $0 == .connecting || $0 == .streaming }
    isHealthy = !isStopping && (states.isEmpty || alive > 0)
    if isStopping {
      message = "ending"
    } else if states.isEmpty {
      message = "ok: no stream yet"
    } else {
      message = "\(alive > 0 ? "ok" : "dead"): \(alive) of \(states.count) streams are alive"
    }
  }
}
