package import CPlatform
package import Foundation

/// Another program, started and waited for.
///
/// Both are done directly: Foundation's `Process` learns of a program's end through a local socket, and hangs where a
/// machine has no loopback network. The program is in a process group of its own, so that Ctrl-C reaches it
/// through this one alone, and it has none of this one's descriptors but the one that it is given.
package struct ChildProcess: Sendable {
  /// What one of its standard streams is.
  package enum Stream: Sendable {
    /// Input that ends at once, output that nobody keeps.
    case nothing
    /// Read from the beginning, or written anew. May be that of a ``MemoryFile``.
    case file(String)
    /// Written at the end of what is there.
    case append(String)
    /// What a descriptor of this process is; the child shares the open file, and its locks.
    case shared(Int32)
  }

  package enum End: Sendable, Hashable, CustomStringConvertible {
    case status(Int32)
    case signal(Int32)

    package var description: String {
      switch self {
      case .status(let number): "status \(number)"
      case .signal(let number): "signal \(number)"
      }
    }
  }

  package let id: pid_t

  /// - Parameters:
  ///   - program: its path.
  ///   - environment: on top of this process's.
  ///   - inheritsEnvironment: false: `environment` is all there is, since this process's may hold passwords.
  ///   - errors: nil: with the output.
  ///   - socket: a descriptor of this process that it has as its descriptor 3.
  package init(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], inheritsEnvironment: Bool = true,
    input: Stream = .nothing, output: Stream = .nothing, errors: Stream? = nil, socket: Int32? = nil
  ) throws(POSIXError) {
    let inherited = inheritsEnvironment ? ProcessInfo.processInfo.environment : [:]
    let variables = inherited.merging(environment) { $1 }.map { "\($0)=\($1)" }
    // SAFETY: `strdup` copies each string; both lists end in nil and are freed only after the spawn has returned. The
    // file actions, which copy their paths, and the attributes are initialized before use and destroyed once.
    let argv = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
    let envp = unsafe variables.map { unsafe strdup($0) } + [nil]
    var actions = unsafe posix_spawn_file_actions_t(), attributes = posix_spawnattr_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe (argv + envp).forEach { unsafe free($0) }
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    func add(_ stream: Stream, as descriptor: Int32, _ flags: Int32) {
      func open(_ path: String, _ flags: Int32) {
        unsafe posix_spawn_file_actions_addopen(&actions, descriptor, path, flags, 0o600)
      }
      switch stream {
      case .nothing: open("/dev/null", flags)
      case .file(let path): open(path, flags)
      case .append(let path): open(path, flags & ~O_TRUNC | O_APPEND)
      case .shared(let own): unsafe posix_spawn_file_actions_adddup2(&actions, own, descriptor)
      }
    }
    let writing = O_WRONLY | O_CREAT | O_TRUNC
    add(input, as: STDIN_FILENO, O_RDONLY)
    add(output, as: STDOUT_FILENO, writing)
    if let errors {
      add(errors, as: STDERR_FILENO, writing)
    } else {
      unsafe posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    }
    if let socket { unsafe posix_spawn_file_actions_adddup2(&actions, socket, STDERR_FILENO + 1) }
    unsafe ep_close_from(&actions, STDERR_FILENO + (socket == nil ? 1 : 2))
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    var id: pid_t = 0
    let code = unsafe posix_spawn(&id, program, &actions, &attributes, argv, envp)
    guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EINVAL) }
    self.id = id
  }

  /// Starts this program once more.
  package static func again(
    _ arguments: [String], input: Stream = .nothing, output: Stream = .nothing, errors: Stream? = nil
  ) throws -> ChildProcess {
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return try ChildProcess(program, arguments, input: input, output: output, errors: errors)
  }

  /// Waits for its end; to be called once.
  package func wait() -> End {
    var status: Int32 = 0
    // SAFETY: `status` outlives the call.
    while unsafe waitpid(id, &status, 0) < 0 {
      if errno != EINTR { return .status(-1) }
    }
    return Self.end(status)
  }

  /// How it has ended, once it has; nil while it runs. Not to be asked again after that.
  package func ended() -> End? {
    var status: Int32 = 0
    // SAFETY: `status` outlives the call.
    let result = unsafe waitpid(id, &status, WNOHANG)
    if result == id { return Self.end(status) }
    return result == 0 || errno == EINTR ? nil : .status(-1)
  }

  private static func end(_ status: Int32) -> End {
    // The low bits are the signal that ended the program, the next byte its exit status.
    return status & 0x7F == 0 ? .status(status >> 8 & 0xFF) : .signal(status & 0x7F)
  }
}
