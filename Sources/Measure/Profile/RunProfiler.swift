package import EdgepipeCore
import EdgepipeMachine
package import Pipeline
import Synchronization

/// Follows a run while it goes on: what its time line and its bottleneck are made from.
///
/// ``begin()`` when all stages are ready, ``end(_:)`` once the run is over. Safe to use from any thread.
package final class RunProfiler: Sendable {
  private struct State {
    var timeline = RunTimeline()
    var processCPU: Int64 = 0
    var machineCPU: Int64?
    var sampler: PeriodicThread?
  }

  /// Four times a second.
  private static let periodMs = 250.0

  private let runner: PipelineRunner
  private let instruments: RunInstruments
  private let system: SystemTree
  private let state = Mutex(State())

  package init(_ runner: PipelineRunner, instruments: RunInstruments, system: SystemTree = SystemTree()) {
    self.runner = runner
    self.instruments = instruments
    self.system = system
  }

  /// Time counts from here.
  package func begin() {
    let process = MachineInfo.processCPUNanoseconds, machine = MachineCPU.busyNanoseconds(system)
    // Without the thread the end is all that the time line has.
    let sampler = try? PeriodicThread(name: "profile", everyMilliseconds: Self.periodMs) { [self] in sample() }
    state.withLock { state in
      state.processCPU = process
      state.machineCPU = machine
      state.sampler = sampler
    }
  }

  private func sample(isLast: Bool = false) {
    let sample = TimelineSample(runner.glance(), rssMB: ProcessMemory.residentMB(system) ?? 0)
    state.withLock { $0.timeline.add(sample, isLast: isLast) }
  }

  /// The whole run; call it once.
  package func end(_ outcome: RunOutcome) -> RunProfile {
    let process = MachineInfo.processCPUNanoseconds, machine = MachineCPU.busyNanoseconds(system)
    let sampler = state.withLock { state in
      defer { state.sampler = nil }
      return state.sampler
    }
    sampler?.stop()
    sample(isLast: true)
    return state.withLock { state in
      let spent = process - state.processCPU
      let others = machine.flatMap { now in state.machineCPU.map { max(0, now - $0 - spent) } }
      return RunProfile(
        plan: runner.plan, snapshot: runner.snapshot(withFacts: true), outcome: outcome, timeline: state.timeline,
        recording: instruments.spans?.recording, processCPUNanoseconds: spent, otherProgramsCPUNanoseconds: others,
        cores: ProcessorAllowance.cores(system), hasInt8DotProduct: DeviceInfo(system).hasInt8DotProduct)
    }
  }
}
