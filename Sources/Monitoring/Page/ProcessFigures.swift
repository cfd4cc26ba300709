import EdgepipeCore
import EdgepipeMachine
import Foundation

/// What Linux says of this process and of the machine's memory. Nil: it does not say.
struct ProcessFigures: Sendable, Hashable {
  var cpuSeconds: Double
  var residentBytes: Int64?
  var virtualBytes: Int64?
  var openFiles: Int?
  var maximumFiles: Int64?
  var threads: Int64?
  /// In seconds since 1970.
  var startTime: Double?
  var memoryLimitBytes: Int64?
  var machineBytes: Int64?
  var availableBytes: Int64?

  /// - Parameters:
  ///   - pageSize: bytes of a memory page.
  ///   - ticksPerSecond: of the clock in which /proc counts, sysconf(_SC_CLK_TCK).
  init(
    _ tree: SystemTree = SystemTree(), cpuNanoseconds: Int64 = MachineInfo.processCPUNanoseconds,
    pageSize: Int64 = Int64(sysconf(Int32(_SC_PAGESIZE))), ticksPerSecond: Int64 = Int64(sysconf(Int32(_SC_CLK_TCK)))
  ) {
    cpuSeconds = Double(cpuNanoseconds) / 1e9
    let stat = Self.stat(tree)
    // proc(5) counts from 1 and from the process id on; the state, field 3, is the first one here.
    func field(_ number: Int) -> Int64? { stat.indices.contains(number - 3) ? Int64(stat[number - 3]) : nil }
    threads = field(20)
    virtualBytes = field(23)
    residentBytes = field(24).flatMap { Self.product($0, pageSize) }
    if let ticks = field(22), let boot = Self.bootTime(tree), ticksPerSecond > 0 {
      startTime = Double(boot) + Double(ticks) / Double(ticksPerSecond)
    }
    // The folder itself is open while it is read.
    let files = tree.names(in: "/proc/self/fd").count
    openFiles = files > 0 ? files - 1 : nil
    maximumFiles = Self.maximumFiles(tree)
    let memory = tree.bytes(in: "/proc/meminfo")
    machineBytes = memory["MemTotal"]
    availableBytes = memory["MemAvailable"]
    memoryLimitBytes = [ControlGroup(tree).memoryLimitBytes, machineBytes].compactMap { $0 }.min()
  }

  /// The fields after the program's name, which may itself hold spaces and brackets.
  private static func stat(_ tree: SystemTree) -> [Substring] {
    guard let text = try? tree.text("/proc/self/stat"), let end = text.lastIndex(of: ")") else { return [] }
    return text[text.index(after: end)...].split(separator: " ")
  }

  private static func bootTime(_ tree: SystemTree) -> Int64? {
    guard let text = try? tree.text("/proc/stat") else { return nil }
    return text.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Int64($0.dropFirst(6)) }
  }

  private static func maximumFiles(_ tree: SystemTree) -> Int64? {
    let name = "Max open files"
    guard let line = try? tree.text("/proc/self/limits").split(separator: "\n").first(where: { $0.hasPrefix(name) })
    else { return nil }
    return line.dropFirst(name.count).split(separator: " ").first.flatMap { Int64($0) }
  }

  private static func product(_ a: Int64, _ b: Int64) -> Int64? {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? nil : product
  }
}
