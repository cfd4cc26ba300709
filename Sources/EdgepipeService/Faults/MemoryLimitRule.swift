import EdgepipeCore

/// What is done about a run that takes too much memory: it is restarted, three times an hour at most; after that it gets less
/// to do.
struct MemoryLimitRule: Sendable {
  enum Action: Sendable, Hashable {
    case restart
    case lessWork
    /// It holds less again.
    case recovered
  }

  static let everyS = 5.0
  /// Of the share: above it is too much, and below `wellShare` is well again.
  static let mostShare = 0.85
  static let wellShare = 0.8
  static let restartsAnHour = 3
  /// Between two steps to less work.
  static let stepS = 60.0

  private var isOver = false
  private var restarts: [MonotonicTime] = []
  private var lastStep: MonotonicTime?

  /// - Parameters:
  ///   - usedMB: anonymous and shared memory.
  ///   - shareMB: what the run may use.
  mutating func look(usedMB: Double, shareMB: Double, at now: MonotonicTime) -> Action? {
    if usedMB > Self.mostShare * shareMB {
      if !isOver {
        isOver = true
        restarts.removeAll { Double(now.nanoseconds(since: $0)) > 3600e9 }
        if restarts.count < Self.restartsAnHour {
          restarts.append(now)
          return .restart
        }
      } else if lastStep == nil, let last = restarts.last, now < last.advanced(byMilliseconds: Self.stepS * 1000) {
        // The restart is under way.
        return nil
      }
      if let lastStep, now < lastStep.advanced(byMilliseconds: Self.stepS * 1000) { return nil }
      lastStep = now
      return .lessWork
    }
    guard isOver, usedMB <= Self.wellShare * shareMB else { return nil }
    (isOver, lastStep) = (false, nil)
    return .recovered
  }
}

/// What a process holds.
enum RunMemory {
  /// Anonymous and shared memory in megabytes of 2^20 bytes: what cannot be dropped as a file's cache can. Nil where the
  /// process is gone.
  static func heldMB(of process: Int32, _ system: SystemTree = SystemTree()) -> Double? {
    let status = system.bytes(in: "/proc/\(process)/status")
    return status["RssAnon"].map { Double($0 + (status["RssShmem"] ?? 0)) / 0x1p20 }
  }

  /// What each of so many pipelines may hold: the smallest limit of the control groups, else the machine's memory, by their
  /// number.
  static func shareMB(of pipelines: Int, _ system: SystemTree = SystemTree()) -> Double? {
    let machine = system.bytes(in: "/proc/meminfo")["MemTotal"].map { Double($0) / 0x1p20 }
    let limit = [ControlGroup(system).memoryLimitMB, machine].compactMap { $0 }.min()
    return limit.map { $0 / Double(max(1, pipelines)) }
  }
}
