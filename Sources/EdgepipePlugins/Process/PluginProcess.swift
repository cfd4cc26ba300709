package import EdgepipeCore
package import EdgepipePluginHost

/// An instance of a plugin in a process of its own.
///
/// Whatever the process does, a call returns: within the time limit with an answer, or with a failure that costs the frame at
/// hand. The process is then started again with the next call, until its ``RestartBudget`` is spent. Up to
/// ``SharedMemory/slots`` frames may be on their way at once. Used by one thread, which lives as long as it.
package final class PluginProcess: PluginRunning {
  private let launch: PluginLaunch
  private var setup: PluginSetup
  private let clock: any PipelineClock
  private let log: PluginLog
  private let tell: @Sendable (PluginNotice) -> Void

  private var contact: PluginContact?
  private var budget = RestartBudget()
  private var hasToldGaps = false
  private var whyDisabled = ""
  /// Frames that were sent and not answered, oldest first.
  private var pending: [PluginContact.Sent] = []
  /// Processes that were started so far.
  package private(set) var starts = 0

  /// Starts it and has it make the instance.
  ///
  /// - Throws: what the plugin says against its configuration, and a program that is not there. A process that is lost
  ///   meanwhile is no error: the next call starts another.
  package init(
    _ launch: PluginLaunch, _ setup: PluginSetup, clock: any PipelineClock = SystemClock(), log: @escaping PluginLog,
    tell: @escaping @Sendable (PluginNotice) -> Void = { _ in }
  ) throws(PluginFailure) {
    self.launch = launch
    self.setup = setup
    self.clock = clock
    self.log = log
    self.tell = tell
    do throws(PluginFailure) {
      _ = try running()
    } catch  where error.isLoss {}
  }

  deinit { contact?.end() }

  /// The process's number; nil while there is none.
  package var id: Int32? { contact?.id }

  package func process(_ frame: PluginFrame) throws(PluginFailure) -> PluginAnswer {
    try begin(frame)
    return try finish()
  }

  /// Sends a frame; ``finish()`` gives the answer. With two on their way the process never waits for this one.
  ///
  /// - Precondition: fewer than ``SharedMemory/slots`` frames are on their way.
  package func begin(_ frame: PluginFrame) throws(PluginFailure) {
    precondition(pending.count < SharedMemory.slots, "the slots of the memory are taken")
    pending.append(
      try guarded { contact throws(PluginContact.Trouble) in
        try contact.send(frame, makesPictures: self.launch.flags.contains(.makesPictures))
      })
  }

  /// The answer to the oldest frame that was sent.
  package func finish() throws(PluginFailure) -> PluginAnswer {
    guard !pending.isEmpty else { throw lostBefore }
    let sent = pending.removeFirst()
    return try guarded { contact throws(PluginContact.Trouble) in
      try contact.answer(to: sent, limitMs: self.launch.timeLimitMs)
    }
  }

  package func next(now: MonotonicTime) throws(PluginFailure) -> PluginAnswer {
    try guarded { contact throws(PluginContact.Trouble) in
      try contact.answer(to: try contact.askNext(now: now), limitMs: self.launch.timeLimitMs)
    }
  }

  package func configure(_ configuration: [UInt8]) throws(PluginFailure) {
    // A process that is lost with it has told so, and the next one begins with the new values.
    setup.configuration = configuration
    do throws(PluginFailure) { try call(.configure) { $0.write(configuration) } } catch  where error.isLoss {}
  }

  package func note(_ health: PluginHealth) throws(PluginFailure) {
    do throws(PluginFailure) { try call(.health) { $0.write(health) } } catch  where error.isLoss {}
  }

  package func flush() throws(PluginFailure) {
    // Nothing is held back in a process that is not there.
    guard contact != nil else { return }
    do throws(PluginFailure) { try call(.flush) } catch  where error.isLoss {}
  }

  package func close() {
    contact?.close()
    contact = nil
    pending = []
  }

  private func call(_ kind: WireKind, _ content: (inout WireWriter) -> Void = { _ in }) throws(PluginFailure) {
    try guarded { contact throws(PluginContact.Trouble) in
      try contact.call(kind, limitMs: self.launch.timeLimitMs, content)
    }
  }

  private var lostBefore: PluginFailure {
    var failure = PluginFailure(.skipFrame, "the plugin's process was lost with the frame before", code: .unavailable)
    failure.isLoss = true
    return failure
  }

  /// Runs `body` with the process; what the process does wrong ends it.
  private func guarded<Value>(_ body: (PluginContact) throws(PluginContact.Trouble) -> Value) throws(PluginFailure)
    -> Value
  {
    let contact = try running()
    do throws(PluginContact.Trouble) {
      return try body(contact)
    } catch {
      switch error {
      case .refused(let failure) where failure.consequence != .restartStage: throw failure
      case .refused(let failure): throw lose("the plugin asked for it: \(failure.message)")
      case .broken(let failure): throw lose(contact.reason(failure, limitMs: launch.timeLimitMs))
      }
    }
  }

  /// The process, started where it is not there.
  private func running() throws(PluginFailure) -> PluginContact {
    if let contact { return contact }
    guard !budget.isSpent else {
      var failure = PluginFailure(
        .skipFrame, "the plugin is disabled: \(whyDisabled)",
        remedy: "mend the plugin and start the pipeline again", code: .unavailable)
      failure.isLoss = true
      throw failure
    }
    let contact = try PluginContact(launch, log: log)
    self.contact = contact
    let isFirst = starts == 0
    starts += 1
    do throws(PluginContact.Trouble) {
      let gaps = try contact.open(launch, setup)
      if !hasToldGaps, !gaps.isEmpty { tell(.gaps(gaps)) }
      hasToldGaps = true
      return contact
    } catch {
      switch error {
      case .refused(let failure) where isFirst && failure.consequence != .restartStage:
        contact.end()
        self.contact = nil
        throw failure
      case .refused(let failure): throw lose(failure.message)
      case .broken(let failure): throw lose(contact.reason(failure, limitMs: launch.startLimitMs))
      }
    }
  }

  /// Ends what is left of the process and counts the failure.
  private func lose(_ reason: String) -> PluginFailure {
    contact?.end()
    contact = nil
    pending = []
    budget.note(at: clock.now())
    if budget.isSpent {
      whyDisabled = reason
      tell(.disabled("\(RestartBudget.mostFailures) failures within \(RestartBudget.windowS) s, the last: \(reason)"))
    } else {
      tell(.lost(reason))
    }
    var failure = PluginFailure(.skipFrame, "the plugin's process is lost: \(reason)", code: .unavailable)
    failure.isLoss = true
    return failure
  }
}
