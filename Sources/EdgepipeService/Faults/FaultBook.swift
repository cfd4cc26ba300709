import EdgepipeCore
import Logging
import Pipeline

/// What is wrong with the pipelines and the machine, and what was: each fault is told once when it begins and once when it is
/// over, in the log, as an event, and to those who want notices, and counted for the metrics.
///
/// Runs tell what they find by themselves; this is what the supervisor finds.
package final class FaultBook: Sendable {
  package struct Key: Sendable, Hashable {
    package let fault: String
    /// Empty: the machine.
    package let pipeline: String
  }

  package struct Count: Sendable, Hashable {
    package internal(set) var total = 0
    package internal(set) var isActive = false
    var since = WallTime(nanoseconds: 0)
    var began = MonotonicTime(nanoseconds: 0)
    /// The same in both events.
    var stage: String?
  }

  /// The pipeline of what is wrong with the machine.
  static let machine = ""

  private let events: EventLog
  private let notifier: Notifier?
  private let logger: Logger
  private let clock: any PipelineClock
  private let counts = Monitor<[Key: Count]>([:])

  init(events: EventLog, notifier: Notifier? = nil, logger: Logger, clock: any PipelineClock = SystemClock()) {
    (self.events, self.notifier, self.logger, self.clock) = (events, notifier, logger, clock)
  }

  /// Tells of a fault, unless it is known.
  ///
  /// - Parameter isLogged: the log has it already.
  func begin(
    _ fault: String, of pipeline: String = machine, stage: String? = nil, figures: [FaultChange.Figure] = [],
    isLogged: Bool = false, _ message: String
  ) {
    let key = Key(fault: fault, pipeline: pipeline)
    let since: WallTime? = counts.withLock { counts in
      var count = counts[key] ?? Count()
      if count.isActive { return nil }
      count.total += 1
      (count.isActive, count.since, count.began) = (true, clock.wallTime(), clock.now())
      count.stage = stage
      counts[key] = count
      return count.since
    }
    guard let since else { return }
    tell(
      FaultChange(fault, stage: stage, since: since, figures: figures, message: message), of: pipeline,
      isLogged: isLogged)
  }

  /// Tells that a fault is over, where there was one.
  func end(
    _ fault: String, of pipeline: String = machine, figures: [FaultChange.Figure] = [], _ message: String
  ) {
    let key = Key(fault: fault, pipeline: pipeline)
    let known: Count? = counts.withLock { counts in
      guard let count = counts[key], count.isActive else { return nil }
      counts[key]?.isActive = false
      return count
    }
    guard let known else { return }
    let seconds = Double(clock.now().nanoseconds(since: known.began)) / 1e9
    tell(
      FaultChange(
        fault, stage: known.stage, since: known.since, over: seconds, figures: figures, message: message), of: pipeline)
  }

  /// Tells that all faults of a pipeline are over: nobody wants it to run any more.
  func endAll(of pipeline: String, _ message: String) {
    let faults = counts.withLock { $0.filter { $0.key.pipeline == pipeline && $0.value.isActive }.map(\.key.fault) }
    for fault in faults.sorted() { end(fault, of: pipeline, message) }
  }

  /// The pipeline is removed: its counts go with it.
  func forget(_ pipeline: String) { counts.withLock { $0 = $0.filter { $0.key.pipeline != pipeline } } }

  func isActive(_ fault: String, of pipeline: String = machine) -> Bool {
    counts.withLock { $0[Key(fault: fault, pipeline: pipeline)]?.isActive ?? false }
  }

  package var current: [Key: Count] { counts.withLock { $0 } }

  /// What a run has told by itself, if it is a fault or the end of one.
  func pass(_ message: [String: ReportValue], of pipeline: String) {
    guard case .string(let word)? = message["event"] else { return }
    if FaultChange.Phase(rawValue: word) != nil { return notifier?.tell(message, of: pipeline) ?? () }
    // A stream's lost connection has a shape of its own: `fault` is its start or its end.
    guard word == "health", let side = message["fault"] else { return }
    var notice = message
    notice["fault"] = .string("connection")
    notice["event"] = .string((side == .string("start") ? FaultChange.Phase.fault : .recovered).rawValue)
    notifier?.tell(notice, of: pipeline)
  }

  private func tell(_ change: FaultChange, of pipeline: String, isLogged: Bool = false) {
    let subject = pipeline == Self.machine ? "" : "\(pipeline): "
    switch change.phase {
    case .fault where isLogged: break
    case .fault: logger.warning("\(subject)fault '\(change.fault)': \(change.message)")
    case .recovered: logger.notice("\(subject)recovered from '\(change.fault)': \(change.message)")
    }
    events.add(change.members, of: pipeline)
    notifier?.tell(change.members, of: pipeline)
  }
}
