import Glibc

/// A file whose lock says that something runs, and which process it is: held until this value goes, or the process ends,
/// however it ends.
///
/// It is a record lock: it belongs to the process that took it and to no child of that one, and the system tells others
/// whose it is, also where /proc is hidden. Nothing else in that process may open the file, since closing it again would
/// end the lock.
package final class RunLock: Sendable {
  private let descriptor: Int32

  /// - Parameters:
  ///   - path: made where it is not there; its folder must be.
  ///   - what: is said to run already where the lock is taken: `this pipeline`.
  /// - Throws: `unavailable` when another process holds it; `writeFailed` when it cannot be opened.
  package init(path: String, what: String) throws(PipelineError) {
    // SAFETY: the path is a terminated copy for the call.
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o600)
    guard descriptor >= 0 else { throw OutputPath.failure("open", path, errno: errno) }
    var wish = Self.wholeFile
    // SAFETY: `wish` outlives the call.
    guard unsafe fcntl(descriptor, F_SETLK, &wish) == 0 else {
      let code = errno
      guard code == EACCES || code == EAGAIN else { throw OutputPath.failure("lock", path, errno: code) }
      let holder = Self.holder(descriptor).map { " (process \($0))" } ?? ""
      throw PipelineError(
        "\(what) already runs\(holder): '\(path)' is locked", remedy: "end that process first", code: .unavailable)
    }
  }

  deinit { close(descriptor) }

  /// The other process that holds the lock of `path`; nil where none does. Takes nothing, so it is in nobody's way.
  package static func holder(of path: String) -> Int32? {
    // SAFETY: the path is a terminated copy for the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return holder(descriptor)
  }

  private static func holder(_ descriptor: Int32) -> Int32? {
    var found = wholeFile
    // SAFETY: `found` outlives the call, which says there who is in the way.
    guard unsafe fcntl(descriptor, F_GETLK, &found) == 0, found.l_type != Int16(F_UNLCK), found.l_pid > 0 else {
      return nil
    }
    return found.l_pid
  }

  private static var wholeFile: flock {
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    lock.l_whence = Int16(SEEK_SET)
    return lock
  }
}
