package import EdgepipeCore
import Foundation
import Synchronization

/// Counts of the machine and of this process, which only grow, and its memory.
package struct ResourceReading: Sendable, Hashable {
  /// CPU time of this process.
  package var processNanoseconds: Int64
  /// CPU time of all programs on all cores; nil where the system does not say.
  package var machineNanoseconds: Int64?
  /// For how long a quota has kept the process's control group from running; nil without one.
  package var throttledSeconds: Double?
  /// Pages of files in this process's memory; nil where the system does not say.
  package var fileBytes: Int64?

  package init(
    processNanoseconds: Int64, machineNanoseconds: Int64?, throttledSeconds: Double?, fileBytes: Int64? = nil
  ) {
    self.processNanoseconds = processNanoseconds
    self.machineNanoseconds = machineNanoseconds
    self.throttledSeconds = throttledSeconds
    self.fileBytes = fileBytes
  }

  package static func now(_ system: SystemTree = SystemTree()) -> ResourceReading {
    let machine = MachineCPU.busyNanoseconds(system)
    return ResourceReading(
      processNanoseconds: MachineInfo.processCPUNanoseconds, machineNanoseconds: machine,
      throttledSeconds: ControlGroup(system).throttledSeconds,
      fileBytes: system.bytes(in: "/proc/self/status")["RssFile"])
  }
}

/// What a run could have of the machine, and what it and others took.
package struct ResourceUse: Sendable, Hashable {
  /// Cores that the run may use; a quota makes it a fraction.
  package var cores: Double
  /// CPU seconds of the run.
  package var ownSeconds: Double
  /// CPU seconds of other programs in the same time; nil where a part of the machine is all that the run may use, which
  /// says nothing of what the others leave.
  package var otherSeconds: Double?
  package var throttledSeconds: Double?
  /// Of the control group; nil without one.
  package var memoryLimitMB: Double?
  /// What the pipeline file allows; nil where it does not say.
  package var memoryBudgetMB: Double?
  /// Pages of files, such as libraries, of which the system takes back what it needs; nil where it does not say.
  package var fileMB: Double?

  package init(
    from begin: ResourceReading, to end: ResourceReading, cores: Double, machineCores: Int, memoryLimitMB: Double?
  ) {
    self.cores = cores
    self.memoryLimitMB = memoryLimitMB
    fileMB = [begin.fileBytes, end.fileBytes].compactMap { $0 }.max().map { Double($0) / 0x1p20 }
    let own = max(0, end.processNanoseconds - begin.processNanoseconds)
    ownSeconds = Double(own) / 1e9
    otherSeconds =
      cores >= Double(machineCores)
      ? end.machineNanoseconds.flatMap { now in
        begin.machineNanoseconds.map { max(0, Double(now - $0 - own) / 1e9) }
      } : nil
    throttledSeconds = end.throttledSeconds.flatMap { now in begin.throttledSeconds.map { max(0, now - $0) } }
  }

  /// The `resources` object of the run report.
  package var report: ReportValue {
    .object([
      "cores": .rounded(cores), "cpu_s": .rounded(ownSeconds),
      "other_programs_cpu_s": otherSeconds.map { .rounded($0) } ?? .null,
      "throttled_s": throttledSeconds.map { .rounded($0) } ?? .null,
      "memory_limit_mb": memoryLimitMB.map { .rounded($0) } ?? .null,
      "memory_budget_mb": memoryBudgetMB.map { .rounded($0) } ?? .null,
      "file_pages_mb": fileMB.map { .rounded($0) } ?? .null,
    ])
  }
}

/// Follows what a run and others take of the machine. Safe to use from any thread.
package final class ResourceWatch: Sendable {
  private let system: SystemTree
  private let readings = Mutex<(begin: ResourceReading?, end: ResourceReading?)>((nil, nil))

  package init(_ system: SystemTree = SystemTree()) { self.system = system }

  package func begin() { readings.withLock { $0.begin = .now(system) } }
  package func end() { readings.withLock { $0.end = $0.end ?? .now(system) } }

  /// From the beginning to the end, or to now; nil before the beginning.
  package var use: ResourceUse? {
    let (begin, end) = readings.withLock { $0 }
    return begin.map {
      ResourceUse(
        from: $0, to: end ?? .now(system), cores: ProcessorAllowance.cores(system),
        machineCores: ProcessInfo.processInfo.processorCount, memoryLimitMB: ControlGroup(system).memoryLimitMB)
    }
  }
}
