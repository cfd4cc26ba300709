import Glibc

/// How much room a disk has.
package struct DiskSpace: Sendable, Hashable {
  /// What a user may still write.
  package let freeBytes: Int64
  package let totalBytes: Int64

  package init(freeBytes: Int64, totalBytes: Int64) {
    (self.freeBytes, self.totalBytes) = (freeBytes, totalBytes)
  }

  /// Of the file system of a file or folder; nil where the system does not say.
  package init?(at path: String) {
    var status = statvfs()
    // SAFETY: a terminated copy of the path; the call fills one structure.
    guard unsafe statvfs(path, &status) == 0 else { return nil }
    func bytes(_ blocks: some BinaryInteger) -> Int64 {
      let (bytes, isTooMuch) = Int64(clamping: blocks).multipliedReportingOverflow(by: Int64(clamping: status.f_frsize))
      return isTooMuch ? .max : bytes
    }
    self.init(freeBytes: bytes(status.f_bavail), totalBytes: bytes(status.f_blocks))
  }
}
