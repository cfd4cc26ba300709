import EdgepipeCore
import Foundation
import Glibc

/// A file that is open for a client. Read from any thread.
final class ServedFile: Sendable {
  private let descriptor: Int32
  let bytes: Int
  /// Changes with what is in it.
  let tag: String

  /// - Throws: `notFound` for what is not, or no longer, a plain file.
  init(_ path: String) throws(PipelineError) {
    // Nothing that waits, and nothing that a link stands for.
    // SAFETY: a terminated copy of the path.
    let opened = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    var status = stat()
    // SAFETY: the call fills one stat.
    guard opened >= 0, unsafe fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      if opened >= 0 { close(opened) }
      throw PipelineError("the file is no longer there", code: .notFound)
    }
    descriptor = opened
    bytes = Int(status.st_size)
    let changed = status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
    tag = "\"\(String(changed, radix: 36))-\(String(bytes, radix: 36))\""
  }

  deinit { close(descriptor) }

  /// - Returns: as many bytes as there are of those; none at the end, or where they cannot be read.
  func read(_ range: Range<Int>) -> ArraySlice<UInt8> {
    var bytes = [UInt8](repeating: 0, count: range.count)
    while true {
      // SAFETY: at most the array's bytes are written.
      let count = unsafe bytes.withUnsafeMutableBytes {
        unsafe pread(descriptor, $0.baseAddress, $0.count, range.lowerBound)
      }
      if count < 0, errno == EINTR { continue }
      return bytes.prefix(max(0, count))
    }
  }
}
