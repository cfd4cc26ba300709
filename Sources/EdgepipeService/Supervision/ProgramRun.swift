import EdgepipeCore
import Foundation

/// A short command of `edgepipe`, run to its end.
struct ProgramRun: Sendable {
  let status: Int32
  let output: String
  let errors: String

  /// - Parameter seconds: a command that takes longer is killed.
  /// - Throws: ``PipelineError`` where it cannot be started or takes too long.
  init(_ program: String, _ arguments: [String], seconds: Double = 60) throws {
    let output = try MemoryFile(Data()), errors = try MemoryFile(Data())
    let child: ChildProcess
    do {
      child = try ChildProcess(
        program, arguments, environment: ["NO_COLOR": "1"], output: .file(output.url.path),
        errors: .file(errors.url.path))
    } catch {
      throw PipelineError(
        "cannot start '\(program)': \(error.localizedDescription)", remedy: "check the installation", code: .unavailable
      )
    }
    let clock = SystemClock(), limit = clock.now().advanced(byMilliseconds: seconds * 1000)
    var end = child.ended()
    while end == nil {
      if clock.now() > limit {
        kill(child.id, SIGKILL)
        _ = child.wait()
        throw PipelineError("'edgepipe \(arguments.first ?? "")' took more than \(Int(seconds)) s", code: .unavailable)
      }
      Thread.sleep(forTimeInterval: 0.01)
      end = child.ended()
    }
    status = if case .status(let number)? = end { number } else { -1 }
    self.output = output.text
    self.errors = errors.text
  }

  /// Its result where it has succeeded.
  ///
  /// - Throws: ``PipelineError`` with what it said, and the code of its exit status.
  func result() throws(PipelineError) -> String {
    if status == 0 { return output }
    let said = errors.split(separator: "\n").map { $0.hasPrefix("error: ") ? String($0.dropFirst(7)) : String($0) }
    throw PipelineError(
      said.isEmpty ? "the command failed with exit status \(status)" : said.joined(separator: "; "),
      code: ExitStatus(rawValue: status).flatMap(PipelineError.Code.init) ?? .internalFault)
  }
}
