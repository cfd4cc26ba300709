import EdgepipeCore
import Foundation

/// Pipelines that come and go while the service runs.
extension Supervisor {
  /// Those that were made while an earlier supervisor ran.
  func addCreated() throws(PipelineError) {
    let created = try CreatedPipelines(state: state)
    for name in created.names where keeper(name) == nil {
      try add(ServicePlan.Entry(name: name, file: created.file(name), starts: created.starts(name)))
    }
  }

  /// Writes a pipeline file, has it checked and adds it.
  ///
  /// - Parameter check: throws for a file that is wrong; nothing is left of it then.
  /// - Throws: `alreadyExists`; what `check` throws.
  func create(_ name: String, _ text: String, starts: Bool, _ check: (_ file: String) throws -> Void) throws {
    let created = try CreatedPipelines(state: state)
    try creating.withLock { _ in
      if keeper(name) != nil || created.contains(name) {
        throw PipelineError("there is a pipeline '\(name)' already", code: .alreadyExists)
      }
      try created.write(text, as: name, starts: starts)
      do {
        try check(created.file(name))
        try add(ServicePlan.Entry(name: name, file: created.file(name), starts: starts))
      } catch {
        created.remove(name)
        throw error
      }
    }
  }

  /// Drains and removes a pipeline that was made by ``create(_:_:starts:_:)``.
  ///
  /// - Throws: `alreadyExists` for one that belongs to the service's files.
  func remove(_ name: String) throws {
    let created = try CreatedPipelines(state: state)
    guard created.contains(name) else {
      throw PipelineError(
        "the pipeline '\(name)' belongs to the service's own files", remedy: "remove it there; stop ends its run",
        code: .alreadyExists)
    }
    guard let keeper = keeper(name) else { throw PipelineError("there is no pipeline '\(name)'", code: .notFound) }
    // The name is taken until its run has ended.
    keeper.end()
    keeper.join()
    try creating.withLock { _ in
      let isFirst = keepers.change { keepers in
        keepers.firstIndex { $0 === keeper }.map { keepers.remove(at: $0) } != nil
      }
      guard isFirst else { throw PipelineError("there is no pipeline '\(name)'", code: .notFound) }
      created.remove(name)
      faults.forget(name)
      try? FileManager.default.removeItem(atPath: keeper.folder.path)
    }
  }
}
