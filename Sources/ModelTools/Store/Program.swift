import EdgepipeCore
import Foundation

/// Runs another program to its end. Its output goes to a file: a full pipe can then never block it.
///
/// Spawned and waited for directly: Foundation's `Process` learns of a program's end through a local socket, and waits
/// for ever where a machine has no loopback network.
enum Program {
  /// - Throws: a ``PipelineError`` (`unavailable`) with the program's last words when it fails or is not there.
  static func run(_ arguments: [String], log: URL, environment: [String: String] = [:]) throws {
    let name = arguments.first ?? ""
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let status: Int32
    switch spawn(["/usr/bin/env"] + arguments, variables.map { "\($0)=\($1)" }, log: log.path) {
    case .success(let pid): status = wait(for: pid)
    case .failure(let error):
      throw PipelineError("cannot run \(name): \(error.localizedDescription)", exit: .unavailable)
    }
    // The low byte is the signal that ended the program, the next one its exit code.
    guard status == 0 else {
      throw PipelineError("\(name) failed: \(lastWords(log) ?? "status \(status >> 8)")", exit: .unavailable)
    }
  }

  private static func spawn(_ arguments: [String], _ environment: [String], log: String) -> Result<pid_t, POSIXError> {
    // SAFETY: `strdup` copies each string; both lists end in nil and are freed only after the spawn has returned. The
    // file actions are initialized before use and destroyed once.
    let argv = unsafe arguments.map { unsafe strdup($0) } + [nil],
      envp = unsafe environment.map { unsafe strdup($0) } + [nil]
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer {
      unsafe (argv + envp).forEach { unsafe free($0) }
      unsafe posix_spawn_file_actions_destroy(&actions)
    }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var pid: pid_t = 0
    let code = unsafe posix_spawn(&pid, arguments[0], &actions, nil, argv, envp)
    return code == 0 ? .success(pid) : .failure(POSIXError(POSIXErrorCode(rawValue: code) ?? .EINVAL))
  }

  private static func wait(for pid: pid_t) -> Int32 {
    var status: Int32 = 0
    // SAFETY: `status` outlives the call.
    while unsafe waitpid(pid, &status, 0) < 0 {
      if errno != EINTR { return -1 }
    }
    return status
  }

  /// The line that says most: the last error, else the last line.
  private static func lastWords(_ log: URL) -> String? {
    let text = String(decoding: FileManager.default.contents(atPath: log.path) ?? Data(), as: UTF8.self)
    let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
    let line = lines.last { $0.hasPrefix("ERROR:") || $0.contains("error:") || $0.hasPrefix("curl:") } ?? lines.last
    return line.map { String($0.prefix(300)) }
  }
}
