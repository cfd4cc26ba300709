import Foundation

/// The control group that this process runs in, with those above it: their limits bind it as well. Containers and services
/// have one. Reads version 2 and, where a controller is not there, version 1.
package struct ControlGroup: Sendable {
  private let system: SystemTree
  private let lines: [Substring]

  package init(_ system: SystemTree = SystemTree()) {
    self.system = system
    lines = ((try? system.text("/proc/self/cgroup")) ?? "").split(separator: "\n")
  }

  /// Cores that the group may keep busy; nil without a quota. The smallest quota counts.
  package var cores: Double? {
    let unified = values("cpu.max", in: unifiedFolders).compactMap { text -> Double? in
      // `quota period` in microseconds, or `max period`.
      Self.share(text.split(separator: " ").map { Double($0) })
    }
    let old = folders(ofController: "cpu").compactMap { folder -> Double? in
      Self.share([number("\(folder)/cpu.cfs_quota_us"), number("\(folder)/cpu.cfs_period_us")])
    }
    return (unified + old).min()
  }

  /// Memory that the group may hold; nil without a limit. The smallest limit counts.
  package var memoryLimitBytes: Int64? {
    let unified = values("memory.max", in: unifiedFolders).compactMap { Int64($0) }
    let old = folders(ofController: "memory").compactMap { try? system.integer("\($0)/memory.limit_in_bytes") }
    // Version 1 writes "no limit" as the largest multiple of a page that fits.
    return (unified + old).filter { $0 > 0 && $0 < 1 << 62 }.min()
  }

  /// The same in megabytes of 2^20 bytes.
  package var memoryLimitMB: Double? { memoryLimitBytes.map { Double($0) / 0x1p20 } }

  /// For how long the group has been kept from running by its quota, in seconds; nil where nobody counts it.
  package var throttledSeconds: Double? {
    let unified = values("cpu.stat", in: unifiedFolders).compactMap {
      Self.field("throttled_usec", $0).map { $0 / 1e6 }
    }
    let old = values("cpu.stat", in: folders(ofController: "cpu"))
      .compactMap { Self.field("throttled_time", $0).map { $0 / 1e9 } }
    let all = unified + old
    return all.isEmpty ? nil : all.reduce(0, +)
  }

  private static func share(_ fields: [Double?]) -> Double? {
    guard fields.count == 2, let quota = fields[0], let period = fields[1], quota > 0, period > 0 else { return nil }
    return quota / period
  }

  private static func field(_ key: String, _ text: String) -> Double? {
    let line = text.split(separator: "\n").first { $0.hasPrefix(key + " ") }
    return line.flatMap { Double($0.dropFirst(key.count + 1)) }
  }

  private func number(_ path: String) -> Double? { (try? system.text(path)).flatMap { Double($0) } }

  private func values(_ file: String, in folders: [String]) -> [String] {
    folders.compactMap { try? system.text("\($0)/\(file)") }
  }

  private var unifiedFolders: [String] {
    guard let own = lines.first(where: { $0.hasPrefix("0::/") }) else { return [] }
    return Self.chain("/sys/fs/cgroup", String(own.dropFirst(3)))
  }

  private func folders(ofController name: String) -> [String] {
    // `4:memory:/path`; one line may have several controllers.
    let own = lines.first { line in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      return parts.count == 3 && parts[1].split(separator: ",").contains { $0 == name }
    }
    guard let path = own?.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).last else { return [] }
    return Self.chain("/sys/fs/cgroup/\(name)", String(path))
  }

  /// The group's folder and those above it, up to the root.
  private static func chain(_ root: String, _ path: String) -> [String] {
    var path = path == "/" ? "" : path, folders: [String] = []
    while true {
      folders.append(root + path)
      guard let slash = path.lastIndex(of: "/") else { return folders }
      path = String(path[..<slash])
    }
  }
}
