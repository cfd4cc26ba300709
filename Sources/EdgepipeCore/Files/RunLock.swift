import Glibc

/// A file whose lock says that something runs, and which process it is: held until this value goes, or the process ends,
/// however it ends.
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
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      guard code == EWOULDBLOCK else { throw OutputPath.failure("lock", path, errno: code) }
      let holder = Self.holder(of: path).map { " (process \($0))" } ?? ""
      throw PipelineError(
        "\(what) already runs\(holder): '\(path)' is locked", remedy: "end that process first", code: .unavailable)
    }
  }

  deinit { close(descriptor) }

  /// The process that holds the lock of `path`; nil where none does. Takes nothing, so it is in nobody's way.
  package static func holder(of path: String) -> Int32? {
    guard case .file(let identity) = FilePlace(path) else { return nil }
    return LockHolder.any(of: identity)?.process
  }
}
