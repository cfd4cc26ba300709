import EdgepipeCore
import Synchronization

/// Computes energy from a profile and this process's CPU time: idle watts x time + watts a busy core x CPU seconds.
///
/// CPU seconds are those of this process alone: the estimate is of the machine as if nothing else ran on it.
final class EstimatedMeter: PowerMeter {
  let method = PowerMethod.profile
  let profile: DeviceProfile
  private let clock: any PipelineClock
  private let cpuNanoseconds: @Sendable () -> Int64
  private let start = Mutex<(time: MonotonicTime, cpu: Int64)?>(nil)

  var name: String { profile.name }

  init(
    _ profile: DeviceProfile, clock: any PipelineClock = SystemClock(),
    cpuNanoseconds: @escaping @Sendable () -> Int64 = { MachineInfo.processCPUNanoseconds }
  ) {
    self.profile = profile
    self.clock = clock
    self.cpuNanoseconds = cpuNanoseconds
  }

  func read() throws(PipelineError) -> PowerReading {
    let now = clock.now(), cpu = cpuNanoseconds()
    let first = start.withLock { start in
      let first = start ?? (now, cpu)
      start = first
      return first
    }
    let seconds = Double(max(0, now.nanoseconds(since: first.time))) / 1e9
    let busy = Double(max(0, cpu - first.cpu)) / 1e9
    let joules = profile.idleW * seconds + profile.wattsPerBusyCore * busy
    return .energy([EnergyCounter(id: profile.name, microjoules: UInt64(exactly: (joules * 1e6).rounded()) ?? 0)])
  }
}
