import Foundation
import Glibc

/// The files in which Linux tells of the machine (/proc, /sys, /dev), beneath a root folder that a test can replace.
package struct SystemTree: Sendable {
  /// Why a file could not be read.
  package enum Failure: Error, Hashable, Sendable {
    case missing
    case denied
    /// The system's error number, such as ENODATA of a sensor that is switched off.
    case system(Int32)
    /// The text is not what such a file holds.
    case malformed
  }

  /// What stands in place of `/`, without a slash at its end.
  let root: String
  private let read: @Sendable (_ path: String) throws(Failure) -> String

  /// Larger files are refused: the largest of interest, /proc/cpuinfo of a large server, has about one megabyte.
  private static let maximumSize = 8 << 20

  /// - Parameter read: reads one file, given its full path; a test can refuse here.
  package init(
    root: String = "/", read: @escaping @Sendable (_ path: String) throws(Failure) -> String = Self.contents
  ) {
    self.root = root.hasSuffix("/") ? String(root.dropLast()) : root
    self.read = read
  }

  /// The text of a file without white space around it; `path` begins with a slash.
  package func text(_ path: String) throws(Failure) -> String {
    try read(root + path).trimmingCharacters(in: .whitespacesAndNewlines.union(CharacterSet(charactersIn: "\0")))
  }

  /// A file that holds one whole number.
  package func integer(_ path: String) throws(Failure) -> Int64 {
    guard let value = Int64(try text(path)) else { throw .malformed }
    return value
  }

  /// The lines `KEY: NUMBER kB` of a file such as /proc/meminfo or /proc/PID/status, in bytes; empty where there is none.
  package func bytes(in path: String) -> [String: Int64] {
    var values: [String: Int64] = [:]
    for line in (try? text(path))?.split(separator: "\n") ?? [] {
      let parts = line.split(whereSeparator: \.isWhitespace)
      guard parts.count == 3, parts[2] == "kB", parts[0].hasSuffix(":"), let value = Int64(parts[1]) else { continue }
      let (bytes, isTooMuch) = value.multipliedReportingOverflow(by: 1024)
      if !isTooMuch { values[String(parts[0].dropLast())] = bytes }
    }
    return values
  }

  /// The names in a folder, sorted; empty where there is none.
  package func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: root + folder)) ?? []).sorted {
      $0.compare($1, options: .numeric) == .orderedAscending
    }
  }

  package func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root + path) }

  /// Reads a file of the real system, without blocking on what is no regular file.
  package static func contents(_ path: String) throws(Failure) -> String {
    // SAFETY: `path` is passed as a NUL-terminated copy for the time of the call.
    let descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw failure() }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      // SAFETY: the buffer is valid during the closure, and the call writes at most as many bytes as it has.
      let got = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw failure() }
      if got == 0 { break }
      bytes.append(contentsOf: chunk.prefix(got))
      // Half a file is worse than none: its last number may be cut in two.
      if bytes.count > maximumSize { throw .system(EFBIG) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func failure() -> Failure {
    switch errno {
    case ENOENT, ENOTDIR: .missing
    case EACCES, EPERM: .denied
    default: .system(errno)
    }
  }
}

extension SystemTree.Failure: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missing: "no such file"
    case .denied: "permission denied"
    // SAFETY: strerror returns a NUL-terminated string that is copied at once.
    case .system(let code): unsafe String(cString: strerror(code))
    case .malformed: "it does not contain a number"
    }
  }
}
