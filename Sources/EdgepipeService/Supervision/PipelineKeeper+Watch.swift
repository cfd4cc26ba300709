import EdgepipeCore
import Glibc

extension PipelineKeeper {
  /// How a run has ended.
  struct Ending {
    let how: RunProcess.End
    /// It was told to.
    let wasDrained: Bool
    /// It did not respond: its end is no fault of its own beside that one.
    let wasHung: Bool
    /// All its streams had ended.
    let isFinished: Bool
    /// What the log held before the run.
    let logBytes: Int
  }

  private static let lookEveryMs = 250.0
  private static let boundLogEveryS = 60.0

  /// Watches a run until it has ended.
  ///
  /// - Returns: nil when the supervisor leaves before.
  func watch(_ process: RunProcess, _ runWatch: inout RunWatch) -> Ending? {
    runWatch.begin()
    move(to: .starting)
    change { $0.process = process.id }
    var contact = RunContact(folder, clock.now(), isFound: process.isFound), drain: DrainOrder?
    var isFinished = false, isKilled = false, isStuck = false
    // What an earlier supervisor has told a run that goes on is not known.
    var share = process.isFound ? nil : 1.0
    // A run that goes on has them.
    let repeater = ChangeRepeater(
      process.isFound ? RunChanges() : changes, folder.socket, name: entry.name, logger: logger)
    defer { repeater.end() }
    var nextBound = clock.now().advanced(byMilliseconds: Self.boundLogEveryS * 1000)
    while true {
      if let how = process.ended() {
        // What it said last.
        for message in contact.read(milliseconds: 0) { isFinished = take(message) || isFinished }
        contact.noteTold()
        return Ending(
          how: how, wasDrained: drain != nil, wasHung: isKilled, isFinished: isFinished && drain != nil,
          logBytes: process.logBytes)
      }
      let (isLeaving, isUnwanted) = state.withLock { ($0.isLeaving, $0.isWanted == false || $0.restarts) }
      if isLeaving { return nil }
      contact.keep(clock)
      let now = clock.now()
      if drain == nil, isUnwanted || isFinished {
        drain = DrainOrder(now, waitS: isStuck ? settings.stuckDrainS : settings.drainS)
        move(to: .draining)
      }
      if let signal = drain?.due(at: now, tell: { contact.drain() }) { process.send(signal) }
      if !isKilled, contact.silentForS(at: now) > (contact.hasAnswered ? settings.silenceS : settings.beginS) {
        logger.error("\(entry.name): process \(process.id) does not respond; killing it")
        faults.begin("hung", of: entry.name, isLogged: true, "process \(process.id) does not respond; killing it")
        process.send(SIGKILL)
        isKilled = true
      }
      if now >= nextBound {
        folder.boundLog()
        nextBound = now.advanced(byMilliseconds: Self.boundLogEveryS * 1000)
      }
      if contact.isConnected {
        if drain == nil, status.phase == .starting {
          move(to: .running)
          for fault in ["ended", "hung"] { faults.end(fault, of: entry.name, "process \(process.id) runs") }
        }
        let wanted = state.withLock(\.detectionShare)
        if wanted != share, contact.limit(wanted) { share = wanted }
        var hasFigures = false
        for message in contact.read(milliseconds: Self.lookEveryMs) {
          isFinished = take(message) || isFinished
          hasFigures = hasFigures || message["event"] == .string("figures")
        }
        contact.noteTold()
        if hasFigures, drain == nil, status.phase == .running {
          isStuck = mend(process, &contact, &runWatch) || isStuck
        }
      }
      if !contact.isConnected {
        _ = state.wait(until: clock.now().advanced(byMilliseconds: 100)) { $0.isLeaving ? true : nil }
      }
    }
  }

  /// Looks whether the run is well, and does what is to be done where it is not.
  ///
  /// - Returns: whether the run is stuck and will not drain.
  private func mend(_ process: RunProcess, _ contact: inout RunContact, _ runWatch: inout RunWatch) -> Bool {
    switch runWatch.look(process: process.id, figures: status.figures, at: clock.now()) {
    case nil: return false
    case .restart:
      state.withLock { $0.restarts = $0.isWanted == true }
      return false
    case .restartStuck:
      contact.writeStacks()
      state.withLock { $0.restarts = $0.isWanted == true }
      return true
    case .lessWork:
      state.withLock { $0.memoryShare = max(0.1, $0.memoryShare / 2) }
      return false
    }
  }

  /// - Returns: true when the message says that all streams have ended by themselves: a camera never does, and a run that
  ///   drains ends its streams.
  private func take(_ message: [String: ReportValue]) -> Bool {
    if message["event"] == .string("file") {
      guard let file = files.add(message) else { return false }
      events.add(file.value(of: entry.name).merging(["event": .string("file")]) { $1 }, of: entry.name)
      return false
    }
    guard message["event"] == .string("figures") else {
      events.add(message, of: entry.name)
      faults.pass(message, of: entry.name)
      return false
    }
    change { $0.figures = message }
    guard message["draining"] == .bool(false), case .list(let streams)? = message["streams"], !streams.isEmpty else {
      return false
    }
    return streams.allSatisfy { stream in
      guard case .object(let members) = stream else { return false }
      return members["state"] == .string("ended") && members["live"] == .bool(false)
    }
  }
}
