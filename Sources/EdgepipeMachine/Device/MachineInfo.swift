import CPlatform
import EdgepipeCore
import Foundation
import Glibc

/// What the run report says of the machine.
package struct MachineInfo: Sendable {
  package let system: String
  package let architecture: String
  package let processor: String
  package let cores: Int
  package let memoryMB: Int

  package static var current: MachineInfo {
    MachineInfo(
      system: osRelease ?? "Linux", architecture: architectureName, processor: processorName ?? "unknown",
      cores: ProcessorAllowance.affinity,
      memoryMB: Int(clamping: ProcessInfo.processInfo.physicalMemory >> 20))
  }

  /// The most memory this process has held so far, in megabytes of 2^20 bytes.
  package static var peakMemoryMB: Double { Double(usage.ru_maxrss) / 1024 }

  /// CPU time of the whole process, user and system, in nanoseconds.
  package static var processCPUNanoseconds: Int64 { SystemClock.read(CLOCK_PROCESS_CPUTIME_ID) }

  private static var usage: rusage {
    var usage = rusage()
    // SAFETY: `usage` outlives the call, which fills it.
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage
  }

  private static var osRelease: String? { value(of: "PRETTY_NAME", separator: "=", in: "/etc/os-release") }
  private static var processorName: String? { value(of: "model name", separator: ":", in: "/proc/cpuinfo") }

  private static var architectureName: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "aarch64"
    #else
      "other"
    #endif
  }

  private static func value(of key: String, separator: Character, in file: String) -> String? {
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix(key) {
      let parts = line.split(separator: separator, maxSplits: 1)
      if parts.count == 2 { return parts[1].trimmingCharacters(in: CharacterSet(charactersIn: " \t\"")) }
    }
    return nil
  }
}
