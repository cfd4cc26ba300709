import CPlatform
import Foundation

/// What the process holds of the machine's memory at one time, and the most since the last ``reset(_:)``, in megabytes
/// of 2^20 bytes.
package struct PeakMemory: Sendable, Hashable {
  package let residentMB: Double
  package let peakMB: Double

  /// From `VmRSS` and `VmHWM` in /proc/self/status; nil where the system does not say.
  ///
  /// The kernel keeps these counts a little late, by some tens of pages a core.
  package init?(_ tree: SystemTree = SystemTree()) {
    let status = tree.bytes(in: "/proc/self/status")
    guard let resident = status["VmRSS"], let peak = status["VmHWM"] else { return nil }
    residentMB = Double(resident) / 0x1p20
    peakMB = Double(peak) / 0x1p20
  }

  /// Gives freed memory back to the system, then lets the peak begin again at what is held now.
  ///
  /// - Returns: whether the kernel did: writing 5 to /proc/self/clear_refs needs Linux 4.0 or newer, built with page
  ///   monitoring.
  package static func reset(_ tree: SystemTree = SystemTree()) -> Bool {
    _ = ep_trim_heap()
    guard let file = FileHandle(forWritingAtPath: tree.root + "/proc/self/clear_refs") else { return false }
    defer { try? file.close() }
    do { try file.write(contentsOf: Data("5\n".utf8)) } catch { return false }
    return true
  }
}
