import PipelineTestSupport
import Testing

@testable import EdgepipeCore

@Suite("Control groups")
struct ControlGroupTests {
  @Test("given groups of version 2 above each other, when read, then the tightest limits count")
  func unified() throws {
    let group = ControlGroup(
      try FakeSystem([
        "proc/self/cgroup": "0::/system.slice/edgepipe.service",
        "sys/fs/cgroup/system.slice/edgepipe.service/cpu.max": "max 100000",
        "sys/fs/cgroup/system.slice/cpu.max": "150000 100000",
        "sys/fs/cgroup/system.slice/edgepipe.service/memory.max": "536870912",
        "sys/fs/cgroup/system.slice/memory.max": "max",
        "sys/fs/cgroup/system.slice/edgepipe.service/cpu.stat": "usage_usec 9\nthrottled_usec 2500000",
      ]).tree)
    #expect(group.cores == 1.5 && group.memoryLimitMB == 512 && group.throttledSeconds == 2.5)
  }

  @Test("given groups of version 1, when read, then their limits count, and the largest number is none")
  func separate() throws {
    let group = ControlGroup(
      try FakeSystem([
        "proc/self/cgroup": "4:memory:/box\n1:cpu:/box\n0::/",
        "sys/fs/cgroup/memory/box/memory.limit_in_bytes": "268435456",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us": "50000", "sys/fs/cgroup/cpu/box/cpu.cfs_period_us": "100000",
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        "sys/fs/cgroup/cpu/box/cpu.stat": "nr_throttled 3\nthrottled_time 1500000000",
      ]).tree)
    #expect(group.memoryLimitMB == 256 && group.cores == 0.5 && group.throttledSeconds == 1.5)
  }

  @Test("given no groups, or files that hold nothing, when read, then there is no limit")
  func none() throws {
    for files in [
      [:], ["proc/self/cgroup": "x\n:\n0::/"], ["proc/self/cgroup": "0::/a", "sys/fs/cgroup/a/cpu.max": ""],
    ] {
      let group = ControlGroup(try FakeSystem(files).tree)
      #expect(group.cores == nil && group.memoryLimitMB == nil && group.throttledSeconds == nil)
    }
  }
}
