/// What keeps a stage from a core while it has work: its work takes longer than its CPU time.
struct Contention: Sendable {
  struct Part: Sendable {
    let cause: DoctorFinding.Cause
    /// Of the cores or of the time, 0 to 1.
    let share: Double
    let figure: DoctorFinding.Figure
  }

  /// Less is the noise of any machine. As for `edgepipe profile`.
  static let leastOthers = 0.1
  static let leastThrottled = 0.05
  static let fullCores = 0.9

  /// The share of the stage's work in which it waits for a core, 0 where nothing is known to keep it from one.
  let waiting: Double
  /// The largest first.
  let parts: [Part]

  init(_ stage: StageView, in run: RunView) {
    var parts: [Part] = []
    let cores = max(run.cores, 0.01)
    if let throttledS = run.throttledS, run.wallS > 0, throttledS / run.wallS >= Self.leastThrottled {
      let share = min(1, throttledS / run.wallS)
      parts.append(
        Part(
          cause: .cpuQuota, share: share,
          figure: .init(
            "throttled_share", share,
            "the control group's quota of \(Words.cores(cores)) stops the run for \(Words.percent(share)) of the time"))
      )
    } else if run.ownCores >= Self.fullCores * cores {
      parts.append(
        Part(
          cause: Double(stage.workers) * Double(stage.threads) > cores.rounded(.up) ? .tooManyWorkers : .fullCores,
          share: min(1, run.ownCores / cores),
          figure: .init(
            "own_cores", run.ownCores,
            "the pipeline itself keeps \(Words.number(run.ownCores)) of \(Words.cores(cores)) busy")))
    }
    if run.otherCores >= Self.leastOthers * cores {
      parts.append(
        Part(
          cause: .otherPrograms, share: min(1, run.otherCores / cores),
          figure: .init(
            "other_cores", run.otherCores,
            "other programs keep \(Words.number(run.otherCores)) of \(Words.cores(cores)) busy")))
    }
    self.parts = parts.sorted { $0.share > $1.share }
    let stretch = stage.busyMs > 0 ? 1 - stage.cpuMs / Double(stage.threads) / stage.busyMs : 0
    // A fair scheduler keeps a thread waiting for no larger a share than others have of the cores: the rest of the stretch is
    // its own waiting, for a disk or a device. A quota stops everything at once.
    let most = parts.contains { $0.cause == .cpuQuota } ? 1 : self.parts.first?.share ?? 0
    waiting = min(max(0, stretch), most)
  }
}
