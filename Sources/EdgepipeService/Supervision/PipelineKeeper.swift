import EdgepipeCore
import Glibc
import Logging
import Pipeline

/// Keeps one pipeline running, on a thread of its own: starts its run or takes over one that goes on, watches it through its
/// control socket, starts it again when it has ended by itself, and drains it when told to.
package final class PipelineKeeper: Sendable {
  struct Settings: Sendable {
    let program: String
    /// For every run, behind the pipeline file.
    var arguments: [String] = []
    /// A run that says nothing for so long hangs, and is killed.
    var silenceS = 30.0
    /// A run that starts has so long until it answers.
    var beginS = 120.0
    /// A run that drains has so long until it is told by a signal, and again so long until it is killed.
    var drainS = 15.0
  }

  private struct State {
    var status: PipelineStatus
    var isWanted = false
    /// Ends the thread once the run has ended.
    var isEnding = false
    /// The supervisor goes and its runs stay.
    var isLeaving = false
    /// Start again as soon as the run has drained.
    var restarts = false
  }

  /// How a run has ended.
  private struct Ending {
    let how: RunProcess.End
    /// It was told to.
    let wasDrained: Bool
    /// All its streams had ended.
    let isFinished: Bool
  }

  private static let contactEveryS = 5.0
  private static let lookEveryMs = 250.0

  let entry: ServicePlan.Entry
  let folder: RunFolder
  private let settings: Settings
  private let events: EventLog
  private let logger: Logger
  private let clock = SystemClock()
  private let state: Monitor<State>
  private let thread = Monitor<WorkerThread?>(nil)

  init(
    _ entry: ServicePlan.Entry, folder: RunFolder, settings: Settings, events: EventLog, logger: Logger
  ) throws(PipelineError) {
    self.entry = entry
    self.folder = folder
    self.settings = settings
    self.events = events
    self.logger = logger
    state = Monitor(State(status: PipelineStatus(name: entry.name, file: entry.file, since: clock.wallTime())))
    let started = try WorkerThread(name: "ep-keeper") { [weak self] in self?.loop() }
    thread.withLock { $0 = started }
  }

  package var status: PipelineStatus { state.withLock(\.status) }

  // MARK: - Wishes

  package func start() { state.change { $0.isWanted = true } }

  /// Drains the run; returns at once.
  package func stop() { state.change { ($0.isWanted, $0.restarts) = (false, false) } }

  /// Drains the run and starts it again, or just starts it.
  package func restart() {
    state.change { state in
      state.restarts = true
      state.isWanted = true
    }
  }

  /// Drains the run, and ends the thread when it has ended.
  func end() { state.change { ($0.isWanted, $0.restarts, $0.isEnding) = (false, false, true) } }

  /// Ends the thread and lets the run go on.
  func leave() { state.change { $0.isLeaving = true } }

  func join() { thread.withLock { $0 }?.join() }

  // MARK: - The thread

  private func loop() {
    var rule = RestartRule(), isFirst = true
    // A run that an earlier supervisor has left is watched, and drained, also where it is not wanted any more.
    while isFirst ? mayBegin : waitUntilWanted() {
      let process: RunProcess
      if let found = RunProcess(holding: folder.lock) {
        process = found
        logger.notice("\(entry.name): process \(found.id) goes on")
      } else if isFirst, !state.withLock(\.isWanted) {
        isFirst = false
        continue
      } else {
        do { process = try begin() } catch {
          logger.error("\(entry.name): \(error)")
          change { $0.lastEnd = error.message }
          pause(rule.pauseS(ranForS: 0, isLasting: true))
          continue
        }
      }
      if !isFirst { change { $0.restarts += 1 } }
      isFirst = false
      let began = clock.now()
      guard let end = watch(process) else { return }
      settle(end, ranForS: Double(clock.now().nanoseconds(since: began)) / 1e9, &rule)
    }
  }

  private var mayBegin: Bool { state.withLock { !$0.isLeaving } }

  /// - Returns: false when the thread is to end.
  private func waitUntilWanted() -> Bool {
    state.wait { state in state.isEnding || state.isLeaving ? false : state.isWanted ? true : nil }
  }

  private func begin() throws(PipelineError) -> RunProcess {
    folder.boundLog()
    let arguments =
      ["run", entry.file, "--quiet", "--control", folder.socket, "--supervised", folder.lock, "--report", folder.report]
      + settings.arguments
    return try RunProcess(starting: settings.program, arguments, lock: folder.lock, log: folder.log)
  }

  /// What follows a run's end.
  private func settle(_ end: Ending, ranForS: Double, _ rule: inout RestartRule) {
    let wishes = state.withLock { ($0.isWanted, $0.restarts) }
    state.withLock { $0.restarts = false }
    let said = end.how == .status(0) ? "" : folder.lastWords()
    change { status in
      status.process = nil
      status.figures = [:]
      status.lastEnd = end.how.words + (said.isEmpty ? "" : ": \(said)")
    }
    if end.wasDrained, !wishes.0 || end.isFinished {
      if end.isFinished, !wishes.1 { state.withLock { $0.isWanted = false } }
      move(to: end.isFinished ? .finished : .stopped)
      logger.notice("\(entry.name): \(end.isFinished ? "finished" : "stopped") (\(end.how.words))")
    } else if wishes.1 {
      logger.notice("\(entry.name): restarting (\(end.how.words))")
    } else if wishes.0 {
      let pauseS = rule.pauseS(ranForS: ranForS, isLasting: end.how.isLasting)
      let reason = end.how.words + (said.isEmpty ? "" : ": \(said)")
      logger.warning("\(entry.name): ended by itself (\(reason)); starting again in \(Int(pauseS)) s")
      pause(pauseS)
    } else {
      move(to: .stopped)
      logger.notice("\(entry.name): stopped (\(end.how.words))")
    }
  }

  private func pause(_ seconds: Double) {
    move(to: .waiting)
    let until = clock.now().advanced(byMilliseconds: seconds * 1000)
    _ = state.wait(until: until) { state in
      state.isEnding || state.isLeaving || state.restarts || !state.isWanted ? true : nil
    }
    state.withLock { state in
      state.restarts = false
      if !state.isWanted { state.status.phase = .stopped }
    }
  }

  private func move(to phase: PipelineStatus.Phase) {
    let now = clock.wallTime()
    change { status in
      guard status.phase != phase else { return }
      (status.phase, status.since) = (phase, now)
    }
    events.add(["event": .string("pipeline"), "state": .string(phase.rawValue)], of: entry.name)
  }

  private func change(_ body: (inout PipelineStatus) -> Void) { state.change { body(&$0.status) } }
}

extension PipelineKeeper {
  /// Watches a run until it has ended.
  ///
  /// - Returns: nil when the supervisor leaves before.
  private func watch(_ process: RunProcess) -> Ending? {
    change { $0.process = process.id }
    move(to: .starting)
    var contact = RunContact(folder.socket, clock.now()), drain: DrainOrder?
    var isFinished = false
    while true {
      if let end = process.ended() { 
        return Ending(how: end, wasDrained: drain != nil, isFinished: isFinished)
      }
      let wishes = state.withLock { ($0.isLeaving, !$0.isWanted || $0.restarts) }
      if wishes.0 { return nil }
      let now = clock.now()
      if drain == nil, wishes.1 || isFinished {
        drain = DrainOrder(now, waitS: settings.drainS)
        move(to: .draining)
      }
      if let signal = drain?.due(at: now, contact: contact) { process.send(signal) }
      if contact.silentForS(at: now) > (contact.hasAnswered ? settings.silenceS : settings.beginS) {
        logger.error("\(entry.name): process \(process.id) does not respond; killing it")
        process.send(SIGKILL)
      }
      let messages = contact.look(at: now, everyS: Self.contactEveryS, milliseconds: Self.lookEveryMs)
      if contact.isConnected, drain == nil, status.phase == .starting { move(to: .running) }
      if !contact.isConnected {
        // Woken by a wish.
        _ = state.wait(until: now.advanced(byMilliseconds: 100)) { $0.isLeaving ? true : nil }
      }
      for message in messages { isFinished = take(message) || isFinished }
    }
  }

  /// - Returns: true when the message says that all streams have ended.
  private func take(_ message: [String: ReportValue]) -> Bool {
    guard message["event"] == .string("figures") else {
      events.add(message, of: entry.name)
      return false
    }
    change { $0.figures = message }
    guard case .list(let streams)? = message["streams"], !streams.isEmpty else { return false }
    return streams.allSatisfy { stream in
      if case .object(let members) = stream { members["state"] == .string("ended") } else { false }
    }
  }
}
