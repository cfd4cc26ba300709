import Glibc

/// Bridges the time from the decision to start a run until the run holds its own ``RunLock``: whoever starts one holds this,
/// and gives it to the new process as its standard input. So there is no instant at which the starter can be killed and
/// the next one does not see that a run is on its way.
package final class StartLock: Sendable {
  package let descriptor: Int32

  /// - Parameter path: made where it is not there; its folder must be.
  /// - Returns: nil while a start by somebody else goes on.
  /// - Throws: `writeFailed` when the file cannot be opened.
  package init?(path: String) throws(PipelineError) {
    // SAFETY: the path is a terminated copy for the call.
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o600)
    guard descriptor >= 0 else { throw OutputPath.failure("open", path, errno: errno) }
    // This lock belongs to the open file, which a child shares, and ends with the last descriptor of it.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      if code == EWOULDBLOCK { return nil }
      throw OutputPath.failure("lock", path, errno: code)
    }
  }

  deinit { close(descriptor) }

  /// In the new process, once it has its own lock: nothing is its standard input from now on.
  package static func release() {
    // SAFETY: the path is a NUL-terminated literal.
    let nothing = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
    guard nothing >= 0 else {
      close(STDIN_FILENO)
      StandardDescriptors.fill()
      return
    }
    dup2(nothing, STDIN_FILENO)
    close(nothing)
  }
}
