import CPlatform
import Foundation

/// How much of the machine's processor this process may use.
package enum ProcessorAllowance {
  /// In cores: those of the process's affinity, and less where a control group has a quota, such as a container's.
  ///
  /// - Parameter affinity: cores on which the process may run.
  package static func cores(_ system: SystemTree = SystemTree(), affinity: Int = Self.affinity) -> Double {
    min(Double(max(1, affinity)), ControlGroup(system).cores ?? .infinity)
  }

  /// The cores that the process may run on now. Foundation counts those of the machine.
  package static var affinity: Int {
    // A bit for each of 8192 cores, the most that Linux can have.
    var cores = [UInt64](repeating: 0, count: 128)
    // SAFETY: the kernel writes no more than the size that is given.
    let count = unsafe cores.withUnsafeMutableBytes { unsafe ep_affinity($0.baseAddress, $0.count) }
    guard count > 0 else { return ProcessInfo.processInfo.activeProcessorCount }
    return cores.reduce(0) { $0 + $1.nonzeroBitCount }
  }
}
