package import EdgepipeCore
import Foundation
package import Logging
import Synchronization

/// Keeps the pipelines of a service running: one process each.
package final class Supervisor: Sendable {
  /// Where it keeps locks, sockets, logs and reports.
  let state: String
  package let events = EventLog()
  private let settings: PipelineKeeper.Settings
  private let logger: Logger
  private let lock: RunLock
  let keepers: Monitor<[PipelineKeeper]>
  /// One pipeline is made at a time.
  let creating = Mutex(())

  /// Makes the state folder and takes it; runs that an earlier supervisor has left are taken over.
  ///
  /// - Parameters:
  ///   - program: `edgepipe`, or a program with the same commands.
  ///   - state: a folder; made where it is not there.
  /// - Throws: ``PipelineError``: `unavailable` where another supervisor has it.
  package init(_ plan: ServicePlan, program: String, state: String, logger: Logger) throws(PipelineError) {
    self.state = state
    self.logger = logger
    settings = PipelineKeeper.Settings(program: program)
    try OutputPath.makeFolder(state)
    // Logs and reports may name cameras.
    // SAFETY: the path is a terminated copy for the call.
    unsafe chmod(state, 0o700)
    lock = try RunLock(path: state + "/service.lock", what: "a service with this state folder")
    keepers = Monitor([])
    for entry in plan.pipelines { try add(entry) }
    try addCreated()
    try adoptOthers()
  }

  package var pipelines: [PipelineStatus] { keepers.withLock { $0 }.map(\.status) }

  package func keeper(_ name: String) -> PipelineKeeper? { keepers.withLock { $0.first { $0.entry.name == name } } }

  /// Adds a pipeline, and starts it where its entry says so.
  ///
  /// - Throws: `alreadyExists`.
  package func add(_ entry: ServicePlan.Entry) throws(PipelineError) {
    if keeper(entry.name) != nil {
      throw PipelineError("there is a pipeline '\(entry.name)' already", code: .alreadyExists)
    }
    let keeper = try PipelineKeeper(
      entry, folder: RunFolder(state: state, name: entry.name), settings: settings, events: events, logger: logger)
    if entry.starts { keeper.start() }
    keepers.change { $0.append(keeper) }
  }

  /// Runs of pipelines that are not in the plan any more are drained.
  private func adoptOthers() throws(PipelineError) {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: state)) ?? []).sorted()
    for name in names where !name.hasPrefix(".") && keeper(name) == nil {
      guard let process = RunProcess(holding: "\(state)/\(name)/lock") else { continue }
      logger.warning("\(name): process \(process.id) runs a pipeline that the service no longer has; draining it")
      try add(ServicePlan.Entry(name: name, file: "", starts: false))
    }
  }

  /// Drains all runs and waits until they have ended.
  package func end() {
    let all = keepers.withLock { $0 }
    for keeper in all { keeper.end() }
    for keeper in all { keeper.join() }
  }
}
