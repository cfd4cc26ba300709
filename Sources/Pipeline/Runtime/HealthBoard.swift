import EdgepipeCore
import Logging
import Synchronization

/// Turns what sources say of their streams into changes of state: in the log, in the figures and to the sinks.
final class HealthBoard: Sendable {
  private struct Entry {
    var health: StreamHealth
    var faultStart: MonotonicTime?
  }

  /// Changes that are kept for the report, a stream.
  private static let keptChanges = 200

  private let clock: any PipelineClock
  private let logger: Logger
  private let entries = Mutex<[String: Entry]>([:])

  init(clock: any PipelineClock, logger: Logger) {
    self.clock = clock
    self.logger = logger
  }

  /// - Returns: the change to tell the sinks, or nil when the state stays.
  func note(
    _ state: StreamState, stream: StreamInfo, attempt: Int, error: String?, metrics: StreamMetrics
  ) -> HealthChange? {
    let now = clock.now(), wall = clock.wallTime()
    let change = entries.withLock { entries -> HealthChange? in
      let previous = entries[stream.id]
      let isChange = previous?.health.state != state
      let health = StreamHealth(
        stream: stream.id, state: state, since: isChange ? now : previous?.health.since ?? now,
        sinceWall: isChange ? wall : previous?.health.sinceWall ?? wall, attempt: attempt,
        lastError: error ?? previous?.health.lastError)
      metrics.update { $0.health = health }
      var faultStart = previous?.faultStart
      var fault: HealthChange.Fault?
      switch state {
      case .streaming:
        if faultStart != nil { fault = .end }
      case .stalled, .refused, .waiting:
        if faultStart == nil {
          fault = .start
          faultStart = now
        }
      case .connecting, .ended: break
      }
      let seconds = fault == .end ? faultStart.map { Double(now.nanoseconds(since: $0)) / 1e9 } : nil
      entries[stream.id] = state == .ended ? nil : Entry(health: health, faultStart: fault == .end ? nil : faultStart)
      guard isChange else { return nil }
      return HealthChange(health: health, previous: previous?.health.state, fault: fault, faultSeconds: seconds)
    }
    if let change { publish(change, metrics) }
    return change
  }

  /// Takes over what a recorded run knew.
  func replay(_ health: StreamHealth, _ change: HealthChange?, metrics: StreamMetrics) {
    metrics.update { $0.health = health }
    if let change { publish(change, metrics) }
  }

  private func publish(_ change: HealthChange, _ metrics: StreamMetrics) {
    metrics.update { values in
      if change.fault == .start { values.faults += 1 }
      values.changes.append(change)
      if values.changes.count > Self.keptChanges { values.changes.removeFirst() }
    }
    log(change)
  }

  private func log(_ change: HealthChange) {
    let health = change.health
    var line = "stream '\(health.stream)': \(health.state.rawValue)"
    if let previous = change.previous { line += ", was \(previous.rawValue)" }
    if let seconds = change.faultSeconds { line += ", \((seconds * 10).rounded() / 10) s after the fault began" }
    if health.state != .streaming, health.state != .connecting, let error = health.lastError { line += ": \(error)" }
    if change.fault == .start { logger.warning("\(line)") } else { logger.notice("\(line)") }
  }
}
