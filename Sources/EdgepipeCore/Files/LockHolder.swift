import Foundation
import Glibc

/// A process that holds the lock (flock) on a file, as the system's table of locks tells.
struct LockHolder: Hashable {
  let process: Int32
  /// What the process is called; empty where it is not known.
  let name: String

  /// The holder of a file's lock, unless it is this process or the system does not tell. Nothing is opened or locked.
  static func other(of file: FileIdentity) -> LockHolder? {
    guard let table = try? String(contentsOfFile: "/proc/locks", encoding: .utf8),
      let process = holder(of: file, in: table), process != getpid()
    else { return nil }
    return LockHolder(process)
  }

  /// The holder of a file's lock, this process included.
  static func any(of file: FileIdentity) -> LockHolder? {
    (try? String(contentsOfFile: "/proc/locks", encoding: .utf8)).flatMap { holder(of: file, in: $0) }.map(
      LockHolder.init)
  }

  private init(_ process: Int32) {
    self.process = process
    let comm = (try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)) ?? ""
    name = comm.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Finds a file in lines such as `1: FLOCK  ADVISORY  WRITE 18103 fe:00:16220184 0 EOF`; those with `->` only wait.
  static func holder(of file: FileIdentity, in table: String) -> Int32? {
    for line in table.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count >= 6, words[1] == "FLOCK", let process = Int32(words[4]), process > 0 else { continue }
      let parts = words[5].split(separator: ":")
      guard parts.count == 3, UInt64(parts[0], radix: 16) == file.major, UInt64(parts[1], radix: 16) == file.minor,
        UInt64(parts[2]) == file.inode
      else { continue }
      return process
    }
    return nil
  }

  /// `process 18103, edgepipe`; for this process, that it is this run.
  var words: String {
    if process == getpid() { return "this run" }
    return "process \(process)" + (name.isEmpty ? "" : ", \(name)")
  }
}

extension FileIdentity {
  /// As glibc's gnu_dev_major and gnu_dev_minor take a device's number apart.
  var major: UInt64 { (device >> 8) & 0xFFF | (device >> 32) & 0xFFFF_F000 }
  var minor: UInt64 { device & 0xFF | (device >> 12) & 0xFFFF_FF00 }
}
