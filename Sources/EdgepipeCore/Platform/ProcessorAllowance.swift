import Foundation

/// How much of the machine's processor this process may use.
package enum ProcessorAllowance {
  /// In cores: those of the process's affinity, and less where a control group has a quota, such as a container's.
  ///
  /// - Parameter affinity: cores on which the process may run.
  package static func cores(
    _ system: SystemTree = SystemTree(), affinity: Int = ProcessInfo.processInfo.activeProcessorCount
  ) -> Double {
    min(Double(max(1, affinity)), ControlGroup(system).cores ?? .infinity)
  }
}
