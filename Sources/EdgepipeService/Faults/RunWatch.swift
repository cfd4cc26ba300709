import EdgepipeCore
import Pipeline

/// Looks at a run's memory and progress, and says what is to be done. Kept across the runs of a pipeline, so that it knows how
/// often it has restarted them.
struct RunWatch {
  enum Action: Sendable, Hashable {
    /// Drains the run and starts it again.
    case restart
    /// The same, with less patience: it will not drain. Where its threads are goes into its log first.
    case restartStuck
    /// A step to a lower share of detections.
    case lessWork
  }

  struct Settings: Sendable {
    var memoryEveryS = MemoryLimitRule.everyS
    var stuckS = 20.0
    /// What each pipeline may hold where its file does not say, in megabytes.
    var shareMB: @Sendable () -> Double? = { nil }
    var system = SystemTree()
  }

  static let stuckRestartsAnHour = 3

  private let name: String
  private let settings: Settings
  private let faults: FaultBook
  private var memory = MemoryLimitRule()
  private var nextMemory: MonotonicTime?
  private var progress: ProgressRule
  private var stuckRestarts: [MonotonicTime] = []

  init(_ name: String, _ settings: Settings, _ faults: FaultBook) {
    (self.name, self.settings, self.faults) = (name, settings, faults)
    progress = ProgressRule(stuckS: settings.stuckS)
  }

  /// Another run begins.
  mutating func begin() { progress = ProgressRule(stuckS: settings.stuckS) }

  /// - Parameter figures: of the run's last message.
  mutating func look(process: Int32, figures: [String: ReportValue], at now: MonotonicTime) -> Action? {
    if let action = lookAtProgress(figures, at: now) { return action }
    guard nextMemory.map({ now >= $0 }) ?? true else { return nil }
    nextMemory = now.advanced(byMilliseconds: settings.memoryEveryS * 1000)
    return lookAtMemory(process, figures, at: now)
  }

  private mutating func lookAtMemory(_ process: Int32, _ figures: [String: ReportValue], at now: MonotonicTime)
    -> Action?
  {
    var share = settings.shareMB()
    switch figures["memory_budget_mb"] {
    case .double(let value): share = value
    case .int(let value): share = Double(value)
    default: break
    }
    guard let share, share > 0, let held = RunMemory.heldMB(of: process, settings.system) else { return nil }
    let figure = FaultChange.Figure("held_mb", held.rounded(), limit: (share * MemoryLimitRule.mostShare).rounded())
    switch memory.look(usedMB: held, shareMB: share, at: now) {
    case nil: return nil
    case .recovered:
      faults.end("memory", of: name, figures: [figure], "the run holds \(Int(held)) MB of its \(Int(share)) MB again")
      return nil
    case .restart:
      faults.begin(
        "memory", of: name, figures: [figure], "the run holds \(Int(held)) MB of its \(Int(share)) MB; restarting")
      return .restart
    case .lessWork:
      faults.begin(
        "memory", of: name, figures: [figure],
        "the run holds \(Int(held)) MB of its \(Int(share)) MB, and restarting it has not helped; its detectors look at fewer "
          + "frames: raise budget.memoryMB, or lower framesInFlight and workers"
      )
      return .lessWork
    }
  }

  private mutating func lookAtProgress(_ figures: [String: ReportValue], at now: MonotonicTime) -> Action? {
    guard let stuck = progress.look(ProgressRule.Stage.all(in: figures), at: now) else {
      if progress.hasBegun { faults.end("stuck", of: name, "frames go on") }
      return nil
    }
    guard !faults.isActive("stuck", of: name) else { return nil }
    let frames = stuck.waiting == 1 ? "1 frame waits" : "\(stuck.waiting) frames wait"
    stuckRestarts.removeAll { Double(now.nanoseconds(since: $0)) > 3600e9 }
    let restarts = stuckRestarts.count < Self.stuckRestartsAnHour
    faults.begin(
      "stuck", of: name, stage: stuck.stage,
      figures: [
        .init("waiting", Double(stuck.waiting)), .init("seconds", stuck.seconds.rounded(), limit: settings.stuckS),
      ],
      "\(frames) for '\(stuck.stage)', which has done nothing for \(Int(stuck.seconds)) s; "
        + (restarts
          ? "restarting" : "restarted \(Self.stuckRestartsAnHour) times within the hour, which has not helped"))
    guard restarts else { return nil }
    stuckRestarts.append(now)
    return .restartStuck
  }
}
