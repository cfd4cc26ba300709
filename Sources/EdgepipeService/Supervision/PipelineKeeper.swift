import EdgepipeCore
import Logging
import Synchronization

/// Keeps one pipeline running, on a thread of its own: starts its run or takes over one that goes on, watches it through its
/// control socket, starts it again when it has ended by itself, and drains it when told to.
package final class PipelineKeeper: Sendable {
  struct Settings: Sendable {
    let program: String
    /// A run that says nothing for so long hangs, and is killed.
    var silenceS = 30.0
    /// A run that starts has so long until it answers.
    var beginS = 120.0
    /// A run that drains has so long until it is told by a signal, and again so long until it is killed.
    var drainS = 15.0
    /// The same for one that is stuck.
    var stuckDrainS = 5.0
    /// When a run is taken for faulty.
    var watch = RunWatch.Settings()
  }

  struct State {
    var status: PipelineStatus
    /// Nil: nobody has said so far; a run that goes on is kept then.
    var isWanted: Bool?
    /// Start again as soon as the run has drained.
    var restarts = false
    /// Ends the thread once the run has ended.
    var isEnding = false
    /// The supervisor goes and its runs stay.
    var isLeaving = false
    /// It was stopped for the sake of the machine, and may be started again by who did that.
    var isHeld = false
    /// Shares of detections that are wanted for the machine's heat and for the run's memory; the smaller one counts.
    var heatShare = 1.0
    var memoryShare = 1.0

    var detectionShare: Double { min(heatShare, memoryShare) }
  }

  let entry: ServicePlan.Entry
  let folder: RunFolder
  let settings: Settings
  let events: EventLog
  let files: FileBook
  let faults: FaultBook
  let logger: Logger
  let clock = SystemClock()
  let state: Monitor<State>
  /// What is kept of changes is written by one at a time.
  let changing = Mutex(())
  private let thread = Monitor<WorkerThread?>(nil)

  init(
    _ entry: ServicePlan.Entry, folder: RunFolder, settings: Settings, events: EventLog, faults: FaultBook,
    logger: Logger
  ) throws(PipelineError) {
    self.entry = entry
    self.folder = folder
    self.settings = settings
    self.events = events
    files = FileBook(path: folder.files)
    self.faults = faults
    self.logger = logger
    state = Monitor(State(status: PipelineStatus(name: entry.name, file: entry.file, since: clock.wallTime())))
    let started = try WorkerThread(name: "ep-keeper") { [weak self] in self?.loop() }
    thread.withLock { $0 = started }
  }

  package var status: PipelineStatus { state.withLock(\.status) }

  // MARK: - Wishes

  package func start() { wish { $0.isWanted = true } }

  /// Drains the run for the sake of the machine; ``release()`` starts it again unless something else was wished meanwhile.
  func hold() {
    wish { state in
      guard state.isWanted == true else { return }
      (state.isWanted, state.restarts) = (false, false)
      state.isHeld = true
    }
  }

  /// - Returns: false where something else was wished meanwhile.
  func release() -> Bool {
    state.change { state in
      guard state.isHeld, !state.isEnding else { return false }
      (state.isWanted, state.isHeld) = (true, false)
      return true
    }
  }

  /// Detectors look at this share of live streams' frames, as far as heat goes.
  func limit(_ share: Double) { state.change { $0.heatShare = share } }

  /// Drains the run; returns at once.
  package func stop() { wish { ($0.isWanted, $0.restarts) = (false, false) } }

  /// Drains the run and starts it again, or just starts it.
  package func restart() { wish { ($0.isWanted, $0.restarts) = (true, true) } }

  /// Drains the run, and ends the thread when it has ended. No other wish counts after this.
  func end() { wish { ($0.isWanted, $0.restarts, $0.isEnding) = (false, false, true) } }

  /// Ends the thread and lets the run go on.
  func leave() { state.change { $0.isLeaving = true } }

  /// Waits for the thread; after ``end()`` or ``leave()``. Several may wait.
  func join() { thread.withLock { $0?.join() } }

  /// Whether it is as it should be: it runs, has finished, or is not wanted.
  var isReady: Bool {
    state.withLock {
      $0.isWanted != true || ($0.status.phase == .running && !$0.restarts) || $0.status.phase == .finished
    }
  }

  private func wish(_ body: (inout State) -> Void) {
    state.change { state in
      if state.isEnding { return }
      state.isHeld = false
      body(&state)
    }
  }

  // MARK: - The thread

  private func loop() {
    var rule = RestartRule(), isFirst = true, hasRun = false
    var runWatch = RunWatch(entry.name, settings.watch, faults)
    // At first, what an earlier supervisor has left is looked for, wanted or not.
    while isFirst || waitUntilWanted() {
      let process: RunProcess?
      do { process = try obtain(starts: !isFirst) } catch {
        logger.error("\(entry.name): \(error)")
        change { $0.lastEnd = error.message }
        state.withLock { $0.restarts = false }
        if !isFirst { pause(rule.pauseS(ranForS: 0, isLasting: true)) }
        isFirst = false
        continue
      }
      isFirst = false
      guard let process else { continue }
      if hasRun { change { $0.restarts += 1 } }
      hasRun = true
      let began = clock.now()
      guard let ending = watch(process, &runWatch) else { return }
      settle(ending, ranForS: Double(clock.now().nanoseconds(since: began)) / 1e9, &rule)
    }
  }

  /// - Returns: false when the thread is to end.
  private func waitUntilWanted() -> Bool {
    state.wait { state in state.isEnding || state.isLeaving ? false : state.isWanted == true ? true : nil }
  }

  /// The run that goes on, or else a new one.
  ///
  /// - Returns: nil when there is none, or the supervisor leaves.
  private func obtain(starts: Bool) throws(PipelineError) -> RunProcess? {
    let patience = clock.now().advanced(byMilliseconds: settings.beginS * 1000)
    var isLate = false
    while !state.withLock(\.isLeaving) {
      // Nobody else starts one while this is held, and one that was on its way has its own lock by now, or is gone.
      if let start = try StartLock(path: folder.startLock) {
        if let found = RunProcess(goingOnIn: folder) {
          logger.notice("\(entry.name): process \(found.id) goes on")
          // One that was stopped drains already.
          let isStopped = changes.isStopped
          state.change { if $0.isWanted == nil { $0.isWanted = !isStopped } }
          return found
        }
        return starts ? try begin(start) : nil
      }
      if clock.now() > patience {
        if state.withLock(\.isEnding) { return nil }
        if !isLate {
          logger.error("\(entry.name): a process has held '\(folder.startLock)' for \(Int(settings.beginS)) s; end it")
        }
        isLate = true
      }
      _ = state.wait(until: clock.now().advanced(byMilliseconds: 100)) { $0.isLeaving ? true : nil }
    }
    return nil
  }

  private func begin(_ start: StartLock) throws(PipelineError) -> RunProcess {
    folder.boundLog()
    // This start is the one that was asked for. Another run may need less memory.
    state.withLock { ($0.restarts, $0.memoryShare) = (false, 1) }
    return try RunProcess(
      starting: settings.program,
      [
        "run", entry.file, "--quiet", "--control", folder.socket, "--supervised", folder.lock, "--report",
        folder.report,
      ],
      in: folder, start)
  }

  /// What follows from a run's end.
  private func settle(_ ending: Ending, ranForS: Double, _ rule: inout RestartRule) {
    let (isWanted, restarts) = state.withLock { state in
      defer { state.restarts = false }
      if ending.isFinished, !state.restarts { state.isWanted = false }
      return (state.isWanted == true, state.restarts)
    }
    let said = ending.how == .status(0) ? "" : folder.lastWords(after: ending.logBytes)
    let reason = ending.how.words + (said.isEmpty ? "" : ": \(said)")
    change { status in
      status.process = nil
      status.figures = [:]
      status.lastEnd = reason
    }
    if !isWanted {
      move(to: ending.isFinished ? .finished : .stopped)
      endFaults()
      logger.notice("\(entry.name): \(ending.isFinished ? "finished" : "stopped") (\(reason))")
    } else if restarts || ending.wasDrained {
      logger.notice("\(entry.name): restarting (\(reason))")
    } else {
      let pauseS = rule.pauseS(ranForS: ranForS, isLasting: ending.how.isLasting)
      logger.warning("\(entry.name): ended by itself (\(reason)); starting again in \(Int(pauseS)) s")
      if !ending.wasHung {
        faults.begin("ended", of: entry.name, isLogged: true, "the run ended by itself (\(reason))")
      }
      pause(pauseS)
    }
  }

  /// A pipeline that is not wanted any more has none. When the service itself ends, nothing has become well by that.
  private func endFaults() {
    if !state.withLock(\.isEnding) { faults.endAll(of: entry.name, "the pipeline does not run any more") }
  }

  /// Ends early when something else is wished.
  private func pause(_ seconds: Double) {
    move(to: .waiting)
    let until = clock.now().advanced(byMilliseconds: seconds * 1000)
    _ = state.wait(until: until) { state in
      state.isEnding || state.isLeaving || state.restarts || state.isWanted != true ? true : nil
    }
    if state.withLock({ $0.isWanted != true }) {
      move(to: .stopped)
      endFaults()
    }
  }

  func move(to phase: PipelineStatus.Phase) {
    let now = clock.wallTime()
    let isNew = state.change { state in
      guard state.status.phase != phase else { return false }
      (state.status.phase, state.status.since) = (phase, now)
      return true
    }
    guard isNew else { return }
    events.add(
      ["event": .string("pipeline"), "state": .string(phase.rawValue), "since": .string(now.iso8601)], of: entry.name)
  }

  func change(_ body: (inout PipelineStatus) -> Void) { state.change { body(&$0.status) } }
}
