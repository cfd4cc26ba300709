import CPlatform
package import EdgepipeCore
import Glibc

/// The processor's counters through Linux's perf_event_open.
package struct PerfEventCounters: PerformanceCounters {
  private let system: SystemTree

  /// - Parameter system: where the kernel says what it allows.
  package init(system: SystemTree = SystemTree()) { self.system = system }

  package func open() throws(PipelineError) -> any ThreadCounter {
    try PerfEventThreadCounter(
      instructions: descriptor(PERF_COUNT_HW_INSTRUCTIONS), cycles: descriptor(PERF_COUNT_HW_CPU_CYCLES))
  }

  private func descriptor(_ event: perf_hw_id) throws(PipelineError) -> CounterDescriptor {
    let number = ep_open_counter(UInt64(event.rawValue))
    guard number >= 0 else { throw refusal(-number) }
    return CounterDescriptor(number)
  }

  /// What an error of perf_event_open(2) means to a caller that wants to count.
  func refusal(_ code: Int32) -> PipelineError {
    let what = "instructions cannot be counted"
    switch code {
    case EACCES, EPERM:
      let level = try? system.integer("/proc/sys/kernel/perf_event_paranoid")
      if let level, level > 2 {
        return PipelineError(
          "\(what): kernel.perf_event_paranoid is \(level)",
          remedy: "allow it: sudo sysctl kernel.perf_event_paranoid=2", code: .unavailable)
      }
      return PipelineError(
        "\(what): the system forbids perf_event_open",
        remedy: "in a container, allow that call in its seccomp profile or give it CAP_PERFMON", code: .unavailable)
    case ENOENT, EOPNOTSUPP, ENODEV:
      return PipelineError(
        "\(what): this machine has no performance counters (no PMU), as is usual in a virtual machine",
        remedy: "run on physical hardware, or enable them in the hypervisor (KVM: pmu=on)", code: .unavailable)
    case ENOSYS:
      return PipelineError(
        "\(what): the kernel has no perf_event_open", remedy: "use a kernel with CONFIG_PERF_EVENTS",
        code: .unavailable)
    case EMFILE, ENFILE:
      return PipelineError("\(what): too many files are open", remedy: "raise the limit: ulimit -n", code: .unavailable)
    default:
      // SAFETY: strerror returns a NUL-terminated string that is copied at once.
      let text = unsafe String(cString: strerror(code))
      return PipelineError("\(what): \(text)", code: .unavailable)
    }
  }
}

/// Closes its file descriptor.
private final class CounterDescriptor {
  private let number: Int32

  init(_ number: Int32) { self.number = number }

  deinit { close(number) }

  /// The count, scaled up where the processor had to share its counters: perf_event_open(2), "time_enabled".
  var value: Int64? {
    var fields = [UInt64](repeating: 0, count: 3)
    // SAFETY: the buffer is valid during the closure, and at most its 24 bytes are written.
    let got = unsafe fields.withUnsafeMutableBytes { unsafe Glibc.read(number, $0.baseAddress, $0.count) }
    guard got == 24, fields[2] > 0 else { return nil }
    return Int64(exactly: (Double(fields[0]) * (Double(fields[1]) / Double(fields[2]))).rounded())
  }
}

private final class PerfEventThreadCounter: ThreadCounter {
  private let instructions: CounterDescriptor
  private let cycles: CounterDescriptor

  init(instructions: CounterDescriptor, cycles: CounterDescriptor) {
    self.instructions = instructions
    self.cycles = cycles
  }

  func read() -> CounterReading? {
    guard let instructions = instructions.value, let cycles = cycles.value else { return nil }
    return CounterReading(instructions: instructions, cycles: cycles)
  }
}
