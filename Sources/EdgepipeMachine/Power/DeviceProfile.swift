package import EdgepipeCore

/// A model of a machine's power, for machines that do not measure it: watts = idle + watts a busy core x busy cores.
///
/// It knows nothing of graphics processors, clocks and temperatures: an estimate, and called one wherever it is shown.
public struct DeviceProfile: Sendable, Hashable {
  public var name: String
  /// Watts when nothing runs.
  public var idleW: Double
  /// Additional watts for each core that is busy.
  public var wattsPerBusyCore: Double
  /// What the figures are of and where they come from.
  public var method: String
  /// Root of the mean squared difference from the readings that it was fitted to, in watts; nil for one that was not.
  public var residualW: Double?

  public init(name: String, idleW: Double, wattsPerBusyCore: Double, method: String, residualW: Double? = nil) {
    self.name = name
    self.idleW = idleW
    self.wattsPerBusyCore = wattsPerBusyCore
    self.method = method
    self.residualW = residualW
  }

  /// Watts at a load, in cores that are busy on average.
  public func watts(busyCores: Double) -> Double { idleW + wattsPerBusyCore * max(0, busyCores) }
}

// MARK: - The built-in ones

extension DeviceProfile {
  /// Rounded from what makers and reviewers publish, CPU load only. A machine's supply, screen, disks and clock limits
  /// easily move them by a third; `edgepipe devices calibrate` makes a better one.
  public static let builtin: [DeviceProfile] = [
    DeviceProfile(
      name: "jetson-orin-nano", idleW: 4.5, wattsPerBusyCore: 0.9,
      method: "module input; typical of the 15 W mode (6 cores) without work on the GPU, within the mode's budget"),
    DeviceProfile(
      name: "jetson-agx-orin", idleW: 9, wattsPerBusyCore: 1.2,
      method:
        "module; without work on the GPU, rounded from a reading of 15.2 W on VDD_CPU_CV with 12 busy cores (MAXN)"),
    DeviceProfile(
      name: "raspberry-pi-4b", idleW: 2.7, wattsPerBusyCore: 0.925,
      method: "whole board at 5 V; the widely published 540 mA idle and 1,280 mA with four busy cores"),
    DeviceProfile(
      name: "raspberry-pi-5", idleW: 3, wattsPerBusyCore: 1.4,
      method: "whole board at 5 V; rounded from published readings of about 3 W idle and 8 to 9 W with four busy cores"),
    DeviceProfile(
      name: "intel-nuc-12", idleW: 8, wattsPerBusyCore: 2.5,
      method: "at the wall; rounded from reviews of NUC 12 Pro kits with 40 W sustained for 16 threads"),
    DeviceProfile(
      name: "intel-n100", idleW: 6, wattsPerBusyCore: 2.5,
      method: "at the wall; rounded from reviews of small computers with this processor, four busy cores"),
    DeviceProfile(
      name: "generic-x86-server", idleW: 10, wattsPerBusyCore: 4,
      method: "a share of a server: an assumption for virtual machines of a few cores, not a measurement"),
    DeviceProfile(
      name: "generic-arm-server", idleW: 8, wattsPerBusyCore: 2.5,
      method: "a share of a server: an assumption, about the design power of 80-core processors by their cores"),
  ]

  public static func builtin(named name: String) -> DeviceProfile? { builtin.first { $0.name == name } }

  /// The profile of the machine that `tree` describes, by its board or its processor, else the generic one of its
  /// architecture.
  package static func suggested(for tree: SystemTree = SystemTree()) -> (profile: DeviceProfile, reason: String) {
    let board = try? tree.text("/proc/device-tree/model")
    let cpuinfo = (try? tree.text("/proc/cpuinfo")) ?? ""
    let product = try? tree.text("/sys/class/dmi/id/product_name")
    let processor = cpuinfo.split(separator: "\n").first { $0.hasPrefix("model name") }
      .flatMap { $0.split(separator: ":", maxSplits: 1).last }.map { $0.trimmingCharacters(in: .whitespaces) }
    let rules: [(text: String?, part: String, name: String)] = [
      (board, "AGX Orin", "jetson-agx-orin"), (board, "Orin Nano", "jetson-orin-nano"),
      (board, "Orin NX", "jetson-orin-nano"), (board, "Raspberry Pi 4", "raspberry-pi-4b"),
      (board, "Raspberry Pi 5", "raspberry-pi-5"), (product, "NUC12", "intel-nuc-12"),
      (processor, "N100", "intel-n100"),
    ]
    for rule in rules {
      if let text = rule.text, text.contains(rule.part), let profile = builtin(named: rule.name) {
        return (profile, "the machine is '\(text)'")
      }
    }
    // Arm's cpuinfo has no model name; what it has instead is "CPU implementer".
    let isArm = cpuinfo.contains("CPU implementer")
    let name = isArm ? "generic-arm-server" : "generic-x86-server"
    let generic =
      builtin(named: name) ?? DeviceProfile(name: name, idleW: 10, wattsPerBusyCore: 4, method: "an assumption")
    return (generic, "no profile for '\(board ?? product ?? processor ?? "this machine")'")
  }
}
