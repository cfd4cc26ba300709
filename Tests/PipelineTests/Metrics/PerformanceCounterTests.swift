import Glibc
import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import EdgepipeMachine
@testable import Pipeline

@Suite("Instructions")
struct PerformanceCounterTests {
  /// Each thread's counter says 1000 instructions first and 1000 + 300 for each frame at the end; some threads have
  /// none.
  private struct FakeCounters: PerformanceCounters {
    let perThread: Int64
    var refusing = false

    func open() throws(PipelineError) -> any ThreadCounter {
      if refusing { throw PipelineError("no counter is free", code: .unavailable) }
      return Counter(step: perThread)
    }

    private final class Counter: ThreadCounter {
      private let step: Int64
      private var reads: Int64 = 0

      init(step: Int64) { self.step = step }

      func read() -> CounterReading? {
        defer { reads += 1 }
        return CounterReading(instructions: 1000 + reads * step, cycles: 500 + reads * step / 2)
      }
    }
  }

  private func run(_ counters: (any PerformanceCounters)?) throws -> PipelineRunner.Snapshot {
    let runner = try PipelineRunner(
      PipelinePlan(
        name: "test",
        stages: [
          .source("in", count: 50), .transform("work", after: ["in"], workers: 2),
          .sink("out", after: ["work"], into: Collector()),
        ]), instruments: RunInstruments(counters: counters))
    try runner.start()
    _ = runner.wait()
    return runner.snapshot()
  }

  @Test(
    "given counters, when run, then a frame's instructions are what was counted since the threads were ready, over all workers"
  )
  func perFrame() throws {
    let figures = try run(FakeCounters(perThread: 30_000))
    // One thread: 30,000 / 50 frames; two workers: 60,000 / 50.
    #expect(figures.stages.map(\.instructionsPerFrame) == [600, 1200, 600])
    #expect(figures.stages.map(\.cyclesPerFrame) == [300, 600, 300])
  }

  @Test("given no counters, or threads that cannot be counted, when run, then there are no figures")
  func none() throws {
    #expect(try run(nil).stages.allSatisfy { $0.instructionsPerFrame == nil })
    let refused = try run(FakeCounters(perThread: 1, refusing: true))
    #expect(refused.stages.allSatisfy { $0.instructionsPerFrame == nil && $0.values.threadsNotCounted > 0 })
  }

  @Test("given this machine, when opened, then it counts a loop's instructions, or says why it cannot and what to do")
  func thisMachine() {
    do throws(PipelineError) {
      let counter = try PerfEventCounters().open()
      let before = counter.read()
      let end = SystemClock.threadCPUNanoseconds() + 5_000_000
      while SystemClock.threadCPUNanoseconds() < end {}
      // Five milliseconds of any processor that runs this are at least a million instructions.
      if let before, let after = counter.read() { #expect(after.instructions - before.instructions > 1_000_000) }
    } catch {
      #expect(error.message.hasPrefix("instructions cannot be counted: "))
      #expect(error.exit == .unavailable)
    }
  }

  @Test("given the system's refusals, then each is told with its own remedy")
  func refusals() throws {
    let strict = PerfEventCounters(system: try FakeSystem(["/proc/sys/kernel/perf_event_paranoid": "3"]).tree)
    #expect(
      strict.refusal(EACCES).description.contains(
        "kernel.perf_event_paranoid is 3; allow it: sudo sysctl kernel.perf_event_paranoid=2"))
    // The setting allows it, so that something else forbids: a container.
    let open = PerfEventCounters(system: try FakeSystem(["/proc/sys/kernel/perf_event_paranoid": "2"]).tree)
    #expect(open.refusal(EPERM).description.contains("seccomp"))
    #expect(open.refusal(ENOENT).description.contains("no PMU"))
    #expect(open.refusal(ENOSYS).description.contains("CONFIG_PERF_EVENTS"))
    #expect(open.refusal(EMFILE).description.contains("ulimit -n"))
  }
}

@Suite("The processor that a process may use")
struct ProcessorAllowanceTests {
  @Test("given no quota, then it is the affinity; given quotas of the group and those above, then the smallest")
  func quotas() throws {
    #expect(ProcessorAllowance.cores(try FakeSystem().tree, affinity: 4) == 4)
    let free = try FakeSystem(["/proc/self/cgroup": "0::/a/b", "/sys/fs/cgroup/a/b/cpu.max": "max 100000"]).tree
    #expect(ProcessorAllowance.cores(free, affinity: 4) == 4)
    let limited = try FakeSystem([
      "/proc/self/cgroup": "1:name=systemd:/x\n0::/a/b", "/sys/fs/cgroup/a/b/cpu.max": "300000 100000",
      "/sys/fs/cgroup/a/cpu.max": "150000 100000",
    ]).tree
    #expect(ProcessorAllowance.cores(limited, affinity: 4) == 1.5)
    #expect(ProcessorAllowance.cores(limited, affinity: 1) == 1)
    // Inside a container its group is the root of what it sees.
    let container = try FakeSystem(["/proc/self/cgroup": "0::/", "/sys/fs/cgroup/cpu.max": "50000 100000"]).tree
    #expect(ProcessorAllowance.cores(container, affinity: 8) == 0.5)
  }
}

@Suite("A thread with a beat")
struct PeriodicThreadTests {
  @Test("given a beat, when three have come and it is stopped, then no more come")
  func beats() throws {
    let count = Monitor(0)
    let thread = try PeriodicThread(name: "beat", everyMilliseconds: 1) { count.change { $0 += 1 } }
    _ = count.wait { $0 >= 3 ? true : nil }
    thread.stop()
    let last = count.withLock { $0 }
    #expect(last >= 3)
    #expect(count.withLock { $0 } == last, "stop() returns when the work has ended")
  }

  @Test("given a long period, when stopped at once, then it does not wait for the beat")
  func stopsAtOnce() throws {
    let thread = try PeriodicThread(name: "beat", everyMilliseconds: 3_600_000) {
      Issue.record("an hour has not passed")
    }
    thread.stop()
  }
}
