import EdgepipeCore
import Foundation
import Synchronization

/// Runs of this program as processes of their own, one after the other.
///
/// Each run so has its own heap, its own peak of memory and its own place in memory, and knows nothing of the others.
final class ChildRuns: Sendable {
  private struct State {
    /// Of the run that is under way.
    var process: pid_t?
    var isStopped = false
  }

  private let state = Mutex(State())

  /// True once ``stop()`` has been called.
  var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Ends the run under way, which drains, and lets none begin.
  func stop() {
    state.withLock { state in
      state.isStopped = true
      if let process = state.process { kill(process, SIGINT) }
    }
  }

  /// Runs to the end.
  ///
  /// - Parameter title: what the run is called in errors.
  /// - Returns: false when the run was stopped and is no whole one.
  /// - Throws: ``PipelineError`` with what the run said of its failure and its exit status.
  func run(_ arguments: [String], title: String) throws(PipelineError) -> Bool {
    let errors = FileManager.default.temporaryDirectory.appendingPathComponent("edgepipe-\(UUID().uuidString).log")
    defer { try? FileManager.default.removeItem(at: errors) }
    let process = Process()
    do {
      try Data().write(to: errors)
      let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      process.executableURL = URL(fileURLWithPath: program)
      process.arguments = arguments
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      process.standardError = try FileHandle(forWritingTo: errors)
      let isStarted = try state.withLock { state in
        if state.isStopped { return false }
        try process.run()
        state.process = process.processIdentifier
        return true
      }
      guard isStarted else { return false }
    } catch {
      throw PipelineError("cannot start \(title): \(error.localizedDescription)", exit: .software)
    }
    process.waitUntilExit()
    let isStopped = state.withLock { state in
      state.process = nil
      return state.isStopped
    }
    if isStopped { return false }
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      throw Self.failure(of: process, title: title, said: (try? String(contentsOf: errors, encoding: .utf8)) ?? "")
    }
    return true
  }

  private static func failure(of process: Process, title: String, said: String) -> PipelineError {
    let lines = said.split(separator: "\n").map { $0.hasPrefix("error: ") ? String($0.dropFirst(7)) : String($0) }
    let cause = lines.isEmpty ? "no word why" : lines.suffix(5).joined(separator: "; ")
    if process.terminationReason == .uncaughtSignal {
      return PipelineError("\(title) was killed by signal \(process.terminationStatus): \(cause)", exit: .software)
    }
    return PipelineError(
      "\(title) failed with exit status \(process.terminationStatus): \(cause)",
      exit: ExitStatus(rawValue: process.terminationStatus) ?? .software)
  }
}
