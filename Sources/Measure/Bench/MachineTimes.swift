import EdgepipeCore

/// How the time of all cores went since the machine started, in seconds, from the first line of /proc/stat.
struct MachineTimes: Sendable, Hashable {
  /// In which a program ran: user, nice, system, irq, softirq.
  let busy: Double
  /// That a hypervisor gave to others although there was work here.
  let steal: Double
  /// Busy, steal, and time without work.
  let total: Double

  /// Nil where the system does not say.
  ///
  /// - Parameter ticksPerSecond: the unit of the file, which is 1/100 s on all of Linux's architectures of today.
  init?(_ tree: SystemTree, ticksPerSecond: Double = 100) {
    guard let line = try? tree.text("/proc/stat").split(separator: "\n").first, line.hasPrefix("cpu ") else {
      return nil
    }
    // user nice system idle iowait irq softirq steal; what follows is contained in user and nice.
    let values = line.split(separator: " ").dropFirst().map { Double($0) ?? .nan }
    guard values.count >= 8, values.allSatisfy(\.isFinite) else { return nil }
    func seconds(_ places: [Int]) -> Double { places.reduce(0) { $0 + values[$1] } / ticksPerSecond }
    busy = seconds([0, 1, 2, 5, 6])
    steal = seconds([7])
    total = seconds([0, 1, 2, 3, 4, 5, 6, 7])
  }

  init(busy: Double, steal: Double = 0, total: Double) {
    self.busy = busy
    self.steal = steal
    self.total = total
  }

  static let zero = MachineTimes(busy: 0, total: 0)

  static func + (a: Self, b: Self) -> Self {
    Self(busy: a.busy + b.busy, steal: a.steal + b.steal, total: a.total + b.total)
  }

  static func - (a: Self, b: Self) -> Self {
    Self(busy: a.busy - b.busy, steal: a.steal - b.steal, total: a.total - b.total)
  }
}

/// What else took the cores over a span of time.
struct MachineShare: Sendable, Hashable {
  /// Of all cores' time, 0 to 1: what other programs ran.
  let others: Double
  /// Of all cores' time, 0 to 1: what a hypervisor gave to other machines.
  let steal: Double

  /// Nil for spans below half a second: the kernel's ticks of 1/100 s say nothing of them.
  ///
  /// - Parameters:
  ///   - times: the span.
  ///   - own: CPU seconds of this process in it.
  ///   - cores: whose time `times` adds up.
  init?(_ times: MachineTimes, own: Double, cores: Int) {
    guard times.total >= 0.5 * Double(max(1, cores)) else { return nil }
    others = min(max(0, (times.busy - own) / times.total), 1)
    steal = min(max(0, times.steal / times.total), 1)
  }
}
