import Foundation

/// How much of the machine's processor this process may use.
package enum ProcessorAllowance {
  /// In cores: those of the process's affinity, and less where a control group has a quota, such as a container's.
  ///
  /// - Parameter affinity: cores on which the process may run.
  package static func cores(
    _ system: SystemTree = SystemTree(), affinity: Int = ProcessInfo.processInfo.activeProcessorCount
  ) -> Double {
    min(Double(max(1, affinity)), quota(system) ?? .infinity)
  }

  /// The smallest quota of the process's group and those above it: `cpu.max` of control groups, version 2, as `quota
  /// period` in microseconds or `max period`.
  private static func quota(_ system: SystemTree) -> Double? {
    let groups = (try? system.text("/proc/self/cgroup"))?.split(separator: "\n") ?? []
    guard let own = groups.first(where: { $0.hasPrefix("0::/") }) else { return nil }
    var path = String(own.dropFirst(3)), least: Double?
    while true {
      if path == "/" { path = "" }
      let fields = (try? system.text("/sys/fs/cgroup\(path)/cpu.max"))?.split(separator: " ").map { Double($0) } ?? []
      if fields.count == 2, let quota = fields[0], let period = fields[1], quota > 0, period > 0 {
        least = min(least ?? .infinity, quota / period)
      }
      guard let slash = path.lastIndex(of: "/") else { return least }
      path = String(path[..<slash])
    }
  }
}
