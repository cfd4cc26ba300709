import Glibc

/// Tells whether a file has been replaced or written.
struct FileVersion: Sendable, Equatable {
  private let inode: UInt64
  private let size: Int64
  private let seconds: Int64
  private let nanoseconds: Int64

  /// Nil where there is no file.
  init?(_ path: String) {
    var status = stat()
    // SAFETY: the path is a terminated copy for the call, which fills one stat.
    guard unsafe stat(path, &status) == 0 else { return nil }
    (inode, size) = (UInt64(status.st_ino), Int64(status.st_size))
    (seconds, nanoseconds) = (Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec))
  }
}
