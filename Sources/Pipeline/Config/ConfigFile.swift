import Glibc

/// Reads a file that people write, such as a pipeline file, without trusting it to be one.
enum ConfigFile {
  /// Larger files are refused unread.
  static let maximumSize = 1 << 20

  /// The file's bytes.
  /// - Parameter kind: what it should be, for messages.
  /// - Throws: one issue; exit 66 for a file that is not there or cannot be read, 78 for one that is too large.
  static func read(_ path: String, kind: String = "pipeline file") throws(ConfigErrors) -> [UInt8] {
    var status = stat()
    // The name is looked at before it is opened: opening a FIFO or a device can block or do things.
    // SAFETY: `path` is passed as a NUL-terminated copy and `status` outlives the call, which writes one `stat`.
    guard unsafe stat(path, &status) == 0 else { throw failure(path, "cannot read the \(kind): \(reason())") }
    try check(status, path, kind)
    // SAFETY: `path` is passed as a NUL-terminated copy for the time of the call.
    let descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw failure(path, "cannot open the \(kind): \(reason())") }
    defer { close(descriptor) }
    // Checked again on what was opened: the name may have changed hands.
    // SAFETY: `status` outlives the call, which writes one `stat`.
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw failure(path, "cannot read the \(kind): \(reason())")
    }
    try check(status, path, kind)
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size) + 1)
    var count = 0
    while count < bytes.count {
      // SAFETY: the slice is valid during the closure, and the call writes at most as many bytes as it has.
      let got = unsafe bytes[count...].withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw failure(path, "cannot read the \(kind): \(reason())") }
      if got == 0 { break }
      count += got
    }
    bytes.removeLast(bytes.count - count)
    return TextFile.isUTF16(bytes) ? TextFile.utf8(bytes) : bytes
  }

  private static func check(_ status: stat, _ path: String, _ kind: String) throws(ConfigErrors) {
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw failure(path, "the \(kind) is a directory")
    default: throw failure(path, "the \(kind) is not a regular file")
    }
    if status.st_size > maximumSize {
      let message = "the file has \(status.st_size) bytes; a \(kind) has at most \(maximumSize)"
      throw ConfigErrors(issues: [ConfigIssue(file: path, line: 1, column: 1, message: message)])
    }
  }

  private static func failure(_ path: String, _ message: String) -> ConfigErrors {
    ConfigErrors(issues: [ConfigIssue(file: path, message: message, exit: .noInput)])
  }

  private static func reason() -> String {
    // SAFETY: strerror returns a NUL-terminated string that is copied at once.
    unsafe String(cString: strerror(errno))
  }
}
