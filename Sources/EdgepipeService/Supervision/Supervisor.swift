package import EdgepipeCore
import Foundation
package import Logging
import Synchronization

/// Keeps the pipelines of a service running: one process each.
package final class Supervisor: Sendable {
  /// Where it keeps locks, sockets, logs and reports.
  let state: String
  package let events = EventLog()
  package let faults: FaultBook
  private let notifier: Notifier?
  let machine = Monitor<MachineWatch?>(nil)
  /// By ``hold()``, in this order.
  let held = Monitor<[PipelineKeeper]>([])
  /// What heat leaves of the detections, also for pipelines that come later.
  let heatShare = Mutex(1.0)
  private let powersOff: Bool
  private let settings: PipelineKeeper.Settings
  let logger: Logger
  private let lock: RunLock
  let keepers = Monitor<[PipelineKeeper]>([])
  /// Of runs that an earlier supervisor has left and that the plan does not have.
  private let strangers = Monitor<[PipelineKeeper]>([])
  /// One pipeline is made at a time.
  let creating = Mutex(())
  /// Changes while `keepers` is locked.
  private let hasStarted = Atomic(false)
  private let isEnding = Atomic(false)

  /// Makes the state folder and takes it; runs that an earlier supervisor has left are taken over. Nothing is started yet.
  ///
  /// - Parameters:
  ///   - plan: has every pipeline whose run is to go on: others are drained.
  ///   - program: `edgepipe`, or a program with the same commands.
  ///   - state: a folder; made where it is not there.
  /// - Throws: ``PipelineError``: `unavailable` where another supervisor has it.
  package init(_ plan: ServicePlan, program: String, state: String, logger: Logger) throws(PipelineError) {
    (self.state, self.logger) = (state, logger)
    powersOff = plan.powersOff
    var settings = PipelineKeeper.Settings(program: program)
    settings.watch.stuckS = plan.stuckS
    settings.watch.shareMB = { [keepers] in RunMemory.shareMB(of: keepers.withLock(\.count)) }
    self.settings = settings
    try OutputPath.makePrivateFolder(state)
    lock = try RunLock(path: state + "/service.lock", what: "a service with this state folder")
    notifier = try Self.notifier(plan.notices, logger: logger)
    faults = FaultBook(events: events, notifier: notifier, logger: logger)
    // Before any run is started.
    for entry in plan.pipelines { _ = try RunFolder(state: state, name: entry.name) }
    do {
      for entry in plan.pipelines { try add(entry) }
      try addCreated()
      try drainStrangers()
    } catch {
      for keeper in all { keeper.leave() }
      throw error
    }
  }

  /// Starts the pipelines whose entries say so, but for those that were stopped, and looks at the machine from now on.
  package func start() {
    var settings = MachineWatch.Settings()
    if powersOff { settings.powerOff = MachineWatch.logind }
    do { try watchMachine(settings) } catch { logger.error("heat and supply are not watched: \(error)") }
    // One that is added from now on starts by itself. Files are not read while others wait for the list.
    let all = keepers.withLock { keepers in
      hasStarted.store(true, ordering: .relaxed)
      return keepers
    }
    for keeper in all where keeper.entry.starts {
      // One that was perhaps stopped stays so.
      do { if try !keeper.readChanges().isStopped { keeper.start() } } catch {
        logger.error("\(keeper.entry.name): not started: \(error)")
      }
    }
  }

  package var pipelines: [PipelineStatus] { keepers.withLock { $0 }.map(\.status) }

  package func keeper(_ name: String) -> PipelineKeeper? { keepers.withLock { $0.first { $0.entry.name == name } } }

  /// Adds a pipeline, and starts it where its entry says so.
  ///
  /// - Throws: `alreadyExists`; `unavailable` when the service ends.
  package func add(_ entry: ServicePlan.Entry) throws(PipelineError) {
    let result = keepers.change { keepers in
      Result { () throws(PipelineError) in
        if isEnding.load(ordering: .relaxed) { throw PipelineError("the service is ending", code: .unavailable) }
        if keepers.contains(where: { $0.entry.name == entry.name }) {
          throw PipelineError("there is a pipeline '\(entry.name)' already", code: .alreadyExists)
        }
        keepers.append(try makeKeeper(entry))
      }
    }
    try result.get()
  }

  /// Runs of pipelines that are not in the plan any more end.
  private func drainStrangers() throws(PipelineError) {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: RunFolder.all(in: state))) ?? []).sorted()
    for name in names where keeper(name) == nil {
      guard let id = RunLock.holder(of: "\(RunFolder.all(in: state))/\(name)/lock") else { continue }
      logger.warning("\(name): process \(id) runs a pipeline that the service no longer has; draining it")
      let stranger = try makeKeeper(ServicePlan.Entry(name: name, file: "", starts: false))
      stranger.stop()
      strangers.withLock { $0.append(stranger) }
    }
  }

  private func makeKeeper(_ entry: ServicePlan.Entry) throws(PipelineError) -> PipelineKeeper {
    let keeper = try PipelineKeeper(
      entry, folder: RunFolder(state: state, name: entry.name), settings: settings, events: events,
      faults: faults, logger: logger)
    keeper.limit(heatShare.withLock { $0 })
    if entry.starts, hasStarted.load(ordering: .relaxed) { keeper.start() }
    return keeper
  }

  private var all: [PipelineKeeper] { keepers.withLock { $0 } + strangers.withLock { $0 } }

  /// Goes and lets all runs go on.
  func leave() {
    for keeper in all { keeper.leave() }
  }

  /// Drains all runs and waits until they have ended.
  package func end() {
    keepers.withLock { _ in isEnding.store(true, ordering: .relaxed) }
    let all = all
    machine.withLock { $0 }?.stop()
    for keeper in all { keeper.end() }
    for keeper in all { keeper.join() }
    notifier?.end()
  }
}
