import Glibc
import Synchronization

/// Reads a file that people write, such as a pipeline file, without trusting it to be one. It may be standard input
/// (`-`) or a pipe, such as a shell's `<(…)`: what came from one is kept, since it comes only once.
package enum ConfigFile {
  /// Larger files are refused: regular ones unread.
  static let maximumSize = 1 << 20

  /// How long a named pipe may have no writer.
  static let writerWaitMs: Int32 = 10_000

  private static let piped = Mutex<[String: [UInt8]]>([:])

  /// The file's bytes.
  /// - Parameters:
  ///   - kind: what it should be, for messages.
  ///   - waitMs: how long a named pipe may have no writer.
  /// - Throws: one issue; `notFound` for a file that is not there or cannot be read, `invalidConfiguration` for one
  ///   that is too large.
  package static func read(
    _ path: String, kind: String = "pipeline file", waitMs: Int32 = writerWaitMs
  ) throws(ConfigErrors) -> [UInt8] {
    let isInput = StandardDescriptors.isInput(path), key = isInput ? "-" : path
    if let bytes = piped.withLock({ $0[key] }) { return bytes }
    if !isInput {
      var status = stat()
      // The name is looked at before it is opened: opening a device can block or do things.
      // SAFETY: `path` is passed as a NUL-terminated copy and `status` outlives the call, which writes one `stat`.
      guard unsafe stat(path, &status) == 0 else { throw failure(path, "cannot read the \(kind): \(reason())") }
      try check(status, path, kind)
    }
    // SAFETY: `path` is passed as a NUL-terminated copy for the time of the call.
    let descriptor = isInput ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw failure(path, "cannot open the \(kind): \(reason())") }
    defer { if !isInput { close(descriptor) } }
    // Checked again on what was opened: the name may have changed hands.
    var status = stat()
    // SAFETY: `status` outlives the call, which writes one `stat`.
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw failure(path, "cannot read the \(kind): \(reason())")
    }
    try check(status, path, kind, isInput: isInput)
    let isPipe = status.st_mode & S_IFMT == S_IFIFO
    if isPipe, !isInput, !waits(for: descriptor, isNamed(descriptor) ? waitMs : -1) {
      throw failure(path, "no program writes the \(kind) to this pipe")
    }
    let bytes = try readAll(descriptor, path, kind)
    if bytes.count > maximumSize { throw tooLarge(path, kind, "more than \(maximumSize)") }
    if isPipe || isInput { piped.withLock { $0[key] = bytes } }
    return bytes
  }

  /// Whether `path` names what can be read only once: standard input or a pipe.
  package static func isPiped(_ path: String) -> Bool {
    if StandardDescriptors.isInput(path) { return true }
    var status = stat()
    // SAFETY: `path` is passed as a NUL-terminated copy and `status` outlives the call, which writes one `stat`.
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
  }

  /// One byte more than a file may have, at most.
  private static func readAll(_ descriptor: Int32, _ path: String, _ kind: String) throws(ConfigErrors) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: maximumSize + 1)
    var count = 0
    while count < bytes.count {
      // SAFETY: the slice is valid during the closure, and the call writes at most as many bytes as it has.
      let got = unsafe bytes[count...].withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if got < 0, errno == EINTR { continue }
      if got < 0, errno == EAGAIN {
        _ = waits(for: descriptor, -1)
        continue
      }
      guard got >= 0 else {
        let why = errno == EBADF && descriptor == STDIN_FILENO ? "standard input is closed" : reason()
        throw failure(path, "cannot read the \(kind): \(why)")
      }
      if got == 0 { break }
      count += got
    }
    bytes.removeLast(bytes.count - count)
    return TextFile.isUTF16(bytes) ? TextFile.utf8(bytes) : bytes
  }

  /// Waits until there is something to read, or the writer's end.
  private static func waits(for descriptor: Int32, _ milliseconds: Int32) -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    // SAFETY: one pollfd, which outlives the call.
    return unsafe poll(&waiting, 1, milliseconds) != 0
  }

  /// Whether a pipe has a name, and so perhaps no writer yet; a shell's pipes have had one from the start.
  private static func isNamed(_ pipe: Int32) -> Bool {
    var name = [UInt8](repeating: 0, count: 16)
    // SAFETY: the path is a NUL-terminated copy, and at most as many bytes are written as the array has.
    let count = unsafe name.withUnsafeMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return -1 }
      return unsafe readlink("/proc/self/fd/\(pipe)", base.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    return count < 0 || !name.starts(with: "pipe:[".utf8)
  }

  private static func check(
    _ status: stat, _ path: String, _ kind: String, isInput: Bool = false
  ) throws(ConfigErrors) {
    switch status.st_mode & S_IFMT {
    case S_IFREG where status.st_size > maximumSize: throw tooLarge(path, kind, "\(status.st_size)")
    case S_IFREG, S_IFIFO: break
    case S_IFDIR: throw failure(path, "the \(kind) is a directory")
    default: if !isInput { throw failure(path, "the \(kind) is neither a regular file nor a pipe") }
    }
  }

  private static func tooLarge(_ path: String, _ kind: String, _ size: String) -> ConfigErrors {
    let message = "the file has \(size) bytes; a \(kind) has at most \(maximumSize)"
    return ConfigErrors(issues: [ConfigIssue(file: shown(path), line: 1, column: 1, message: message)])
  }

  /// What messages call the file.
  package static func shown(_ path: String) -> String { path == "-" ? "standard input" : path }

  private static func failure(_ path: String, _ message: String) -> ConfigErrors {
    ConfigErrors(issues: [ConfigIssue(file: shown(path), message: message, code: .notFound)])
  }

  private static func reason() -> String {
    // SAFETY: strerror returns a NUL-terminated string that is copied at once.
    unsafe String(cString: strerror(errno))
  }
}
