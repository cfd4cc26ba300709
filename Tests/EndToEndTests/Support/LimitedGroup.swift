import Foundation

/// A control group of a test, with a limit; removed with this object. Needs root, and a hierarchy that can be written to.
final class LimitedGroup {
  private let folder: String

  /// Nil where this machine does not let a test make one.
  private init?(controller: String, limits: [(file: String, value: String)]) {
    // Version 1 has a hierarchy for each controller, version 2 one for all.
    let root = ["/sys/fs/cgroup/\(controller)", "/sys/fs/cgroup"].first {
      FileManager.default.fileExists(atPath: $0 + "/cgroup.procs")
    }
    guard let root else { return nil }
    folder = "\(root)/edgepipe-test-\(UUID().uuidString)"
    // SAFETY: the path is a NUL-terminated copy for the time of the call.
    guard unsafe mkdir(folder, 0o755) == 0 else { return nil }
    for limit in limits where FileManager.default.fileExists(atPath: "\(folder)/\(limit.file)") {
      guard (try? limit.value.write(toFile: "\(folder)/\(limit.file)", atomically: false, encoding: .utf8)) != nil
      else { continue }
      return
    }
    remove()
    return nil
  }

  deinit { remove() }

  /// A group goes with its folder alone: the files in it cannot be removed.
  private func remove() {
    // SAFETY: the path is a NUL-terminated copy for the time of the call.
    _ = unsafe rmdir(folder)
  }

  /// May keep so much of a core busy.
  static func cpu(share: Double) -> LimitedGroup? {
    let quota = Int(share * 100_000)
    return LimitedGroup(
      controller: "cpu", limits: [("cpu.max", "\(quota) 100000"), ("cpu.cfs_quota_us", "\(quota)")])
  }

  static func memory(megabytes: Int) -> LimitedGroup? {
    LimitedGroup(
      controller: "memory",
      limits: [("memory.max", "\(megabytes << 20)"), ("memory.limit_in_bytes", "\(megabytes << 20)")])
  }

  /// A line of bash that runs `command` in the group.
  func line(_ command: String) -> String { "echo $$ > '\(folder)/cgroup.procs' && exec \(command)" }
}
