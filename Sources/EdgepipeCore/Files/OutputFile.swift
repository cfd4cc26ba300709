package import Glibc

/// A file that is open for writing, by nobody else: owns its descriptor, and with it the lock on a regular file.
package final class OutputFile: Sendable {
  let path: String
  package let descriptor: Int32
  /// Only regular files are locked, and can be cut.
  package let isRegular: Bool
  /// The size when it was opened.
  package let size: Int64

  /// Opens a file, making it where it is not there. What is in it stays.
  ///
  /// - Throws: `writeFailed` with the path and the reason, also when another sink or program writes it.
  package convenience init(path: String, rights: mode_t = 0o644) throws(PipelineError) {
    // A pipe that its writer reads as well never learns that its reader has gone.
    let access = Self.isPipe(path) ? O_WRONLY : O_RDWR | O_CREAT
    // SAFETY: the path is a terminated copy for the call.
    var opened = unsafe open(path, access | O_CLOEXEC | O_NOCTTY, rights)
    if opened < 0, errno == EACCES {
      // Write-only places, such as some devices.
      opened = unsafe open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
    }
    guard opened >= 0 else { throw OutputPath.failure("open", path, errno: errno) }
    try self.init(opened, path)
  }

  /// Opens a regular file that is there, for one who will write it later; nil for anything else. Nothing is made.
  ///
  /// - Throws: as `init`.
  package static func existing(path: String) throws(PipelineError) -> OutputFile? {
    guard case .file = FilePlace(path) else { return nil }
    return try OutputFile(path: path)
  }

  private init(_ opened: Int32, _ path: String) throws(PipelineError) {
    self.path = path
    descriptor = opened
    var status = stat()
    // SAFETY: `status` outlives the call, which fills one stat.
    isRegular = unsafe fstat(opened, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    size = isRegular ? Int64(status.st_size) : 0
    // Two writers would cut each other's work. File systems without locks answer with other codes.
    if isRegular, flock(opened, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      throw Self.isWritten(path, by: LockHolder.any(of: FileIdentity(status)))
    }
  }

  private static func isPipe(_ path: String) -> Bool {
    var status = stat()
    // SAFETY: the path is a terminated copy for the call, and `status` outlives it.
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
  }

  deinit { close(descriptor) }

  /// Cuts the file, and writes on from there.
  package func cut(to length: Int64) throws(PipelineError) {
    guard ftruncate(descriptor, off_t(length)) == 0, lseek(descriptor, off_t(length), SEEK_SET) >= 0 else {
      throw OutputPath.failure("cut", path, errno: errno)
    }
  }

  static func isWritten(_ path: String, by holder: LockHolder?) -> PipelineError {
    PipelineError(
      "cannot write '\(path)': another sink or program is writing it" + (holder.map { " (\($0.words))" } ?? ""),
      remedy: "give each sink its own path" + (holder == nil ? "" : ", or end that program first"), code: .writeFailed)
  }
}
