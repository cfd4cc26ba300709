import Glibc

/// How much of the machine's processor this process may use.
package enum ProcessorAllowance {
  /// In cores: those of the process's affinity, and less where a control group has a quota, such as a container's.
  ///
  /// - Parameter affinity: cores on which the process may run.
  package static func cores(_ system: SystemTree = SystemTree(), affinity: Int = Self.affinity) -> Double {
    min(Double(max(1, affinity)), ControlGroup(system).cores ?? .infinity)
  }

  /// The cores that the process may run on now; Foundation's count of active ones does not know of this.
  package static var affinity: Int {
    var cores = cpu_set_t()
    // SAFETY: the set is this function's own, and as long as said.
    guard unsafe sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &cores) == 0 else {
      return sysconf(CInt(_SC_NPROCESSORS_ONLN))
    }
    return unsafe withUnsafeBytes(of: &cores) { bytes in unsafe bytes.reduce(0) { $0 + $1.nonzeroBitCount } }
  }
}
