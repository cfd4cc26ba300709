import EdgepipeCore
import Pipeline

/// What was changed of a run is kept, and done again to the next one.
extension PipelineKeeper {
  /// - Throws: `ConfigErrors` where the file is damaged.
  func readChanges() throws -> RunChanges { try RunChanges(reading: folder.changes) }

  /// None where they cannot be read, which is logged.
  var changes: RunChanges {
    do { return try readChanges() } catch {
      logger.error("\(entry.name): what was changed of earlier runs is lost: \(error)")
      return RunChanges()
    }
  }

  /// Asks the run over its control socket and keeps what that changes.
  ///
  /// - Returns: the members of the answer.
  /// - Throws: what the run refuses; `unavailable` where it does not run.
  func ask(_ command: String, _ members: [String: ReportValue]) throws -> [String: ReportValue] {
    let phase = status.phase
    guard phase == .running || phase == .draining else {
      throw PipelineError(
        "the pipeline '\(entry.name)' is \(phase.rawValue)", remedy: "start it, or try again in a moment",
        code: .unavailable)
    }
    // Only a model, and the next picture, take longer.
    let patienceMs = command == "set" || command == "picture" ? 120_000.0 : 5000
    let answer = try ControlClient(path: folder.socket, patienceMs: patienceMs).ask(command, members)
    if ["set", "add-stream", "remove-stream"].contains(command) { try keep { $0.note(command, members) } }
    return answer
  }

  /// Changes what is kept.
  ///
  /// - Throws: ``PipelineError`` where it cannot be written.
  func keep(_ body: (inout RunChanges) -> Void) throws {
    try changing.withLock { _ in
      var changes = try readChanges()
      body(&changes)
      try changes.write(to: folder.changes)
    }
  }
}
