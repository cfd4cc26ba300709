package import EdgepipeCore
import Foundation

/// What a pipeline needs of this machine, as it is now.
package struct MachineView: Sendable {
  /// A folder that runs read or write.
  package struct Folder: Sendable, Hashable {
    package let what: String
    package let path: String

    package init(_ what: String, path: String) {
      self.what = what
      self.path = path
    }
  }

  struct Disk: Sendable, Hashable {
    let folder: Folder
    let freeMB: Double
    let totalMB: Double
  }

  /// The inference library, or why there is none.
  package enum Engine: Sendable, Hashable {
    case ready(String)
    case missing(String)
  }

  let engine: Engine
  let models: [String]
  let instructionSets: [String]
  let cores: Double
  /// Programs that ran or waited for a core, on average over the last minute.
  let load: Double?
  let memoryMB: Double?
  let availableMB: Double?
  let swapMB: Double?
  let swapFreeMB: Double?
  let memoryLimitMB: Double?
  let disks: [Disk]
  /// How hot it is, read as `serve` reads it.
  let health: MachineHealth
  /// Of the hardware's highest clock, what the system allows now, for the core that may do the least.
  let clockShare: Double?

  /// - Parameters:
  ///   - models: the names of those installed.
  ///   - folders: whose disks are looked at.
  package init(
    _ system: SystemTree = SystemTree(), engine: Engine, models: [String], instructionSets: [String],
    folders: [Folder]
  ) {
    self.engine = engine
    self.models = models
    self.instructionSets = instructionSets
    cores = ProcessorAllowance.cores(system)
    load = (try? system.text("/proc/loadavg"))?.split(separator: " ").first.flatMap { Double($0) }
    let memory = system.bytes(in: "/proc/meminfo").mapValues { Double($0) / 0x1p20 }
    memoryMB = memory["MemTotal"]
    availableMB = memory["MemAvailable"]
    swapMB = memory["SwapTotal"]
    swapFreeMB = memory["SwapFree"]
    memoryLimitMB = ControlGroup(system).memoryLimitMB
    disks = folders.compactMap(Self.disk)
    health = MachineHealth(system)
    clockShare = Self.clockShare(system)
  }

  /// A folder that is not there yet comes to lie where the nearest one above it is.
  private static func disk(_ folder: Folder) -> Disk? {
    var path = URL(fileURLWithPath: folder.path).standardizedFileURL
    while path.path != "/", !FileManager.default.fileExists(atPath: path.path) { path.deleteLastPathComponent() }
    return DiskSpace(at: path.path).map {
      Disk(folder: folder, freeMB: Double($0.freeBytes) / 0x1p20, totalMB: Double($0.totalBytes) / 0x1p20)
    }
  }

  private static func clockShare(_ system: SystemTree) -> Double? {
    let root = "/sys/devices/system/cpu"
    let cores = system.names(in: root).filter { $0.hasPrefix("cpu") && Int($0.dropFirst(3)) != nil }
    return cores.compactMap { core -> Double? in
      guard let allowed = try? system.integer("\(root)/\(core)/cpufreq/scaling_max_freq"),
        let most = try? system.integer("\(root)/\(core)/cpufreq/cpuinfo_max_freq"), most > 0, allowed > 0
      else { return nil }
      return Double(allowed) / Double(most)
    }.min()
  }
}
