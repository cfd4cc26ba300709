package import EdgepipeCore
package import EdgepipeMachine

/// The machine as a benchmark sees it; tests bring one of their own.
package struct BenchEnvironment: Sendable {
  var clock: any PipelineClock
  var tree: SystemTree
  /// CPU nanoseconds of this process.
  var processCPU: @Sendable () -> Int64
  var power: PowerSetup
  var cores: Int

  package init(
    clock: any PipelineClock = SystemClock(), tree: SystemTree = SystemTree(),
    processCPU: @escaping @Sendable () -> Int64 = { MachineInfo.processCPUNanoseconds }, power: PowerSetup,
    cores: Int = MachineInfo.current.cores
  ) {
    self.clock = clock
    self.tree = tree
    self.processCPU = processCPU
    self.power = power
    self.cores = cores
  }

  func instant() -> BenchInstant {
    BenchInstant(time: clock.now(), processCPU: processCPU(), machine: MachineTimes(tree))
  }
}

/// What the clocks say at one moment.
struct BenchInstant: Sendable {
  var time: MonotonicTime
  var processCPU: Int64
  var machine: MachineTimes?
}
