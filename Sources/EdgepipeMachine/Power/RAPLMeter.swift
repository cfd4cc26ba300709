import EdgepipeCore

/// Energy counters of Intel and AMD processors (RAPL), as Linux shows them in /sys/class/powercap.
///
/// The sum of the processor packages. Their parts (`core`, `uncore`) are in it already and are not added; memory
/// (`dram`) is a part of its own that the packages do not hold, and `psys`, the whole board, is only calibrated on
/// some machines: both are left out, so that the figure means the same everywhere.
struct RAPLMeter: PowerMeter {
  struct Domain: Sendable, Hashable {
    var folder: String
    var name: String
    var highest: UInt64?
  }

  let method = PowerMethod.rapl
  let tree: SystemTree
  let domains: [Domain]

  var name: String { domains.map(\.name).joined(separator: " + ") }

  static let folder = "/sys/class/powercap"
  static let remedy =
    "make it readable until the next reboot with"
    + " 'sudo chmod a+r /sys/class/powercap/*/energy_uj', or run as root"

  /// The packages of this machine; nil without any.
  init?(_ tree: SystemTree) {
    self.tree = tree
    // The same counter can also be reached by memory (intel-rapl-mmio): it must not count twice.
    let found = ["intel-rapl:", "amd-rapl:", "intel-rapl-mmio:"].lazy.map { Self.packages(tree, prefix: $0) }
    guard let domains = found.first(where: { !$0.isEmpty }) else { return nil }
    self.domains = domains
  }

  private static func packages(_ tree: SystemTree, prefix: String) -> [Domain] {
    tree.names(in: folder).compactMap { zone in
      let path = "\(folder)/\(zone)"
      // `intel-rapl:0` is a package, `intel-rapl:0:1` a part of one.
      guard zone.hasPrefix(prefix), !zone.dropFirst(prefix.count).contains(":"),
        let name = try? tree.text("\(path)/name"), name.hasPrefix("package")
      else { return nil }
      let highest = (try? tree.integer("\(path)/max_energy_range_uj")).flatMap { UInt64(exactly: $0) }
      return Domain(folder: path, name: name, highest: highest)
    }
  }

  func read() throws(PipelineError) -> PowerReading {
    var counters: [EnergyCounter] = []
    for domain in domains {
      let path = "\(domain.folder)/energy_uj"
      do throws(SystemTree.Failure) {
        guard let value = UInt64(exactly: try tree.integer(path)) else { throw .malformed }
        counters.append(EnergyCounter(id: domain.folder, microjoules: value, highest: domain.highest))
      } catch {
        throw PipelineError(
          "cannot read the energy counter '\(path)': \(error)", remedy: error == .denied ? Self.remedy : nil,
          code: .unavailable)
      }
    }
    return .energy(counters)
  }
}
