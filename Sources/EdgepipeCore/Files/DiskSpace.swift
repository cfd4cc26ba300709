import Glibc

/// How much room a disk has.
package enum DiskSpace {
  /// The bytes that a user may still write on the file system of a file or folder; nil where the system does not say.
  package static func freeBytes(at path: String) -> Int64? {
    var status = statvfs()
    // SAFETY: a terminated copy of the path; the call fills one structure.
    guard unsafe statvfs(path, &status) == 0 else { return nil }
    let (bytes, isTooMuch) = Int64(clamping: status.f_bavail).multipliedReportingOverflow(
      by: Int64(clamping: status.f_frsize))
    return isTooMuch ? .max : bytes
  }
}
