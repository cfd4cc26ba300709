import EdgepipeCore
import Foundation
import Synchronization

/// Runs of this program as processes of their own, one after the other.
///
/// Each run so has its own heap, its own peak of memory and its own place in memory, and knows nothing of the others.
final class ChildRuns: Sendable {
  private struct State {
    /// Of the run that is under way.
    var child: ChildProcess?
    var isStopped = false
  }

  private let state = Mutex(State())

  /// True once ``stop()`` has been called.
  var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Ends the run under way, which drains, and lets none begin.
  func stop() {
    state.withLock { state in
      state.isStopped = true
      if let child = state.child { kill(child.id, SIGINT) }
    }
  }

  /// Runs to the end.
  ///
  /// - Parameter title: what the run is called in errors.
  /// - Returns: false when the run was stopped and is no whole one.
  /// - Throws: ``PipelineError`` with what the run said of its failure and its exit status.
  func run(_ arguments: [String], title: String) throws -> Bool {
    let errors = try MemoryFile(Data())
    let started: ChildProcess?
    do {
      started = try state.withLock { state in
        if state.isStopped { return nil }
        let child = try ChildProcess.again(arguments, errors: .file(errors.url.path))
        state.child = child
        return child
      }
    } catch {
      throw PipelineError("cannot start \(title): \(error.localizedDescription)", code: .internalFault)
    }
    guard let started else { return false }
    let end = started.wait()
    let isStopped = state.withLock { state in
      state.child = nil
      return state.isStopped
    }
    if isStopped { return false }
    if end != .status(0) { throw Self.failure(end, title: title, said: errors.text) }
    return true
  }

  private static func failure(_ end: ChildProcess.End, title: String, said: String) -> PipelineError {
    let lines = said.split(separator: "\n").map { $0.hasPrefix("error: ") ? String($0.dropFirst(7)) : String($0) }
    let cause = lines.isEmpty ? "no reason reported" : lines.suffix(5).joined(separator: "; ")
    switch end {
    case .signal(let number):
      return PipelineError("\(title) was killed by signal \(number): \(cause)", code: .internalFault)
    case .status(let status):
      return PipelineError(
        "\(title) failed with exit status \(status): \(cause)",
        code: ExitStatus(rawValue: status).flatMap(PipelineError.Code.init) ?? .internalFault)
    }
  }
}
