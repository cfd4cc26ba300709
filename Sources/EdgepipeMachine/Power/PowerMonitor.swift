package import EdgepipeCore
public import Logging

/// Follows the power of a run: reads the meter about once a second on a thread of its own, and knows at the end where
/// the energy went. Safe to use from any thread.
public final class PowerMonitor: Sendable {
  /// Watts are compared with the budget as their mean over this time.
  public static let windowSeconds = 10.0
  private static let periodMs = 1000.0

  private struct State {
    var integrator = EnergyIntegrator()
    var begin: (time: MonotonicTime, processCPU: Int64, machineCPU: Int64?, stages: [String: Int64])?
    var account: PowerAccount?
    /// Time and energy so far of the readings in the window.
    var window: [(time: MonotonicTime, joules: Double)] = []
    var latestW: Double?
    var lowestW: Double?
    var highestMeanW: Double?
    var failures = 0
    var lastFailure: String?
    var hasWarned = false
    var governor: PowerGovernor?
    var hasToldOfGoverning = false
    var isOver = false
  }

  private let setup: PowerSetup
  private let budgetW: Double?
  private let clock: any PipelineClock
  private let logger: Logger
  private let processCPU: @Sendable () -> Int64
  private let machineCPU: @Sendable () -> Int64?
  private let state: Monitor<State>
  /// Where detectors are slowed down to keep the budget.
  package let pace: DetectionPace?

  /// - Parameters:
  ///   - budgetW: warns when the mean over ``windowSeconds`` is above it.
  ///   - enforces: lets detectors look at fewer frames to stay under the budget, and only warns when that does not help.
  public convenience init(_ setup: PowerSetup, budgetW: Double? = nil, enforces: Bool = false, logger: Logger) {
    self.init(setup, budgetW: budgetW, enforces: enforces, clock: SystemClock(), logger: logger)
  }

  /// - Parameters:
  ///   - processCPU: CPU nanoseconds of this process.
  ///   - machineCPU: CPU nanoseconds of all programs; nil where that is not known.
  package init(
    _ setup: PowerSetup, budgetW: Double? = nil, enforces: Bool = false, clock: any PipelineClock, logger: Logger,
    processCPU: @escaping @Sendable () -> Int64 = { MachineInfo.processCPUNanoseconds },
    machineCPU: @escaping @Sendable () -> Int64? = { MachineCPU.busyNanoseconds(SystemTree()) }
  ) {
    self.setup = setup
    self.budgetW = budgetW
    self.clock = clock
    self.logger = logger
    self.processCPU = processCPU
    self.machineCPU = machineCPU
    var state = State()
    if enforces, let budgetW { state.governor = PowerGovernor(budgetW: budgetW, idleW: setup.profile.idleW) }
    pace = state.governor.map { _ in DetectionPace() }
    self.state = Monitor(state)
  }

  /// What the run took; nil before ``end(stages:)`` and where the meter never answered twice.
  public var account: PowerAccount? { state.withLock { $0.account } }

  /// What the meter has said so far; nil where nothing has been read yet.
  public var current: LivePower? {
    state.withLock { state in
      guard state.integrator.readings > 0 else { return nil }
      return LivePower(
        method: setup.meter.method, watts: state.latestW, joules: state.integrator.joules, budgetW: budgetW)
    }
  }

  /// By what power is split while a run goes on, as energy is at its end: the watts of an idle machine, and the CPU
  /// nanoseconds of all programs so far.
  package var shares: (idleW: Double, busyNanoseconds: Int64?) { (setup.profile.idleW, machineCPU()) }

  /// Begins to count.
  ///
  /// - Parameter stages: reads CPU nanoseconds by stage so far; loading models, which comes before, is not counted.
  package func begin(stages: () -> [String: Int64]) {
    state.withLock { state in
      // The process first: what the stages do between the two calls then cannot exceed it.
      let process = processCPU()
      state.begin = (clock.now(), process, machineCPU(), stages())
    }
    sample()
  }

  /// The thread that samples until the run is over.
  package func startSampling() throws(PipelineError) -> WorkerThread {
    try WorkerThread(name: "power") { [self] in
      while true {
        let next = SystemClock().now().advanced(byMilliseconds: Self.periodMs)
        if state.wait(until: next, for: { $0.isOver ? true : nil }) != nil { return }
        sample()
      }
    }
  }

  /// Reads the meter once.
  func sample() {
    let messages = state.withLock { $0.isOver ? [] : sample(&$0) }
    for message in messages { logger.log(level: message.level, "\(message.text)") }
  }

  /// Ends the sampling thread; the account follows with ``end(stages:)``.
  func stopSampling() {
    sample()
    state.change { $0.isOver = true }
  }

  /// Closes the account.
  package func end(stages: () -> [String: Int64]) {
    stopSampling()
    state.withLock { state in
      if state.account == nil { state.account = account(state, stages) }
    }
  }

  /// The account of a run that goes on; nil before the second reading.
  package func accountSoFar(stages: () -> [String: Int64]) -> PowerAccount? {
    state.withLock { state in state.account ?? account(state, stages) }
  }

  private func account(_ state: State, _ stages: () -> [String: Int64]) -> PowerAccount? {
    guard let begin = state.begin, state.integrator.seconds > 0 else { return nil }
    let after = stages()
    let process = processCPU() - begin.processCPU
    let spent = after.map { ($0.key, $0.value - (begin.stages[$0.key] ?? 0)) }
    return account(
      state, seconds: Double(clock.now().nanoseconds(since: begin.time)) / 1e9,
      stageCPU: Dictionary(spent, uniquingKeysWith: +), process: process,
      machine: machineCPU().flatMap { now in begin.machineCPU.map { now - $0 } })
  }

  private typealias Message = (level: Logger.Level, text: String)

  private func sample(_ state: inout State) -> [Message] {
    let reading: PowerReading
    do throws(PipelineError) { reading = try setup.meter.read() } catch {
      state.failures += 1
      state.lastFailure = error.description
      state.latestW = nil
      return []
    }
    let now = clock.now()
    let watts = state.integrator.add(reading, at: now)
    if let watts {
      state.latestW = watts
      state.lowestW = min(state.lowestW ?? watts, watts)
    }
    state.window.append((now, state.integrator.joules))
    let start = now.advanced(byMilliseconds: -Self.windowSeconds * 1000)
    // The newest reading that is at least a window old stays: the window begins there.
    while state.window.count > 1, state.window[1].time <= start { state.window.removeFirst() }
    guard let first = state.window.first, let last = state.window.last, first.time < now else { return [] }
    let mean = (last.joules - first.joules) / (Double(now.nanoseconds(since: first.time)) / 1e9)
    let notice = watts.flatMap { govern(&state, watts: $0, windowMeanW: mean) }
    let warning = first.time <= start ? checkBudget(&state, windowMeanW: mean) : nil
    return [notice, warning].compactMap { $0 }
  }

  /// - Returns: a notice, once, when detection is first lowered.
  private func govern(_ state: inout State, watts: Double, windowMeanW: Double) -> Message? {
    // The mean as well, so that what was too much at first is made up for within the window.
    guard let budgetW, let share = state.governor?.step(watts: max(watts, windowMeanW)) else { return nil }
    pace?.set(share)
    guard share < 1, !state.hasToldOfGoverning else { return nil }
    state.hasToldOfGoverning = true
    return (
      .notice,
      "to keep the power within budget.powerW (\(Self.watts(budgetW))), detectors process fewer frames of live streams"
    )
  }

  /// - Returns: a warning, once.
  private func checkBudget(_ state: inout State, windowMeanW mean: Double) -> Message? {
    state.highestMeanW = max(state.highestMeanW ?? mean, mean)
    guard let budgetW, mean > budgetW, !state.hasWarned, state.governor?.isAtLowest ?? true else { return nil }
    state.hasWarned = true
    let what =
      state.governor == nil
      ? "a detector's 'interval' or 'maxRate' reduces it"
      : "detectors process 1 % of the frames of live streams, which is the minimum"
    return (
      .warning,
      "power is above the budget: \(Self.watts(mean)) over the last \(Int(Self.windowSeconds)) s"
        + "\(setup.meter.method.isEstimate ? " (estimated)" : ""), but budget.powerW is \(Self.watts(budgetW)); \(what)"
    )
  }

  private func account(
    _ state: State, seconds: Double, stageCPU: [String: Int64], process: Int64, machine: Int64?
  ) -> PowerAccount {
    let isEstimate = setup.meter.method.isEstimate
    let meanW = state.integrator.joules / state.integrator.seconds
    // A measured machine cannot be idle above its lowest reading.
    let idleW = isEstimate ? setup.profile.idleW : min(setup.profile.idleW, state.lowestW ?? meanW)
    // What is measured went into all programs, what is estimated into this one.
    let busy = isEstimate ? process : max(process, machine ?? process)
    return PowerAccount(
      method: setup.meter.method, meter: setup.meter.name, profile: setup.profile,
      notes: setup.notes + [state.lastFailure].compactMap { $0 }, seconds: seconds, idleW: idleW,
      energy: EnergyAttribution(
        packageJ: meanW * seconds, seconds: seconds, idleW: idleW, stageCPU: stageCPU, busyCPU: busy),
      readings: state.integrator.readings, failedReadings: state.failures,
      budget: budgetW.map { budget in
        let highest = state.highestMeanW ?? meanW
        return PowerAccount.Budget(
          powerW: budget, highestMeanW: highest, isExceeded: highest > budget,
          lowestDetectionShare: state.governor?.lowest)
      })
  }

  static func watts(_ value: Double) -> String { "\((value * 10).rounded() / 10) W" }
}

/// The power of a run while it goes on.
public struct LivePower: Sendable, Hashable {
  public let method: PowerMethod
  /// The mean between the latest two readings, about a second apart; nil before the second reading, and while the
  /// meter fails.
  public let watts: Double?
  /// Energy from the first reading to the latest; never falls.
  public let joules: Double
  /// The pipeline's `budget.powerW`.
  public let budgetW: Double?

  public init(method: PowerMethod, watts: Double?, joules: Double, budgetW: Double?) {
    self.method = method
    self.watts = watts
    self.joules = joules
    self.budgetW = budgetW
  }
}

/// CPU time of all programs.
package enum MachineCPU {
  /// From /proc/stat: user, nice, system, irq and softirq of all cores, in nanoseconds; idle, waiting and what a
  /// hypervisor took are left out.
  package static func busyNanoseconds(_ tree: SystemTree, ticksPerSecond: Int64 = 100) -> Int64? {
    guard let line = try? tree.text("/proc/stat").split(separator: "\n").first, line.hasPrefix("cpu ") else {
      return nil
    }
    let values = line.split(separator: " ").dropFirst().map { Int64($0) ?? 0 }
    guard values.count >= 7, ticksPerSecond > 0 else { return nil }
    let ticks = [0, 1, 2, 5, 6].reduce(Int64(0)) { $0 &+ values[$1] }
    let (product, overflow) = ticks.multipliedReportingOverflow(by: 1_000_000_000 / ticksPerSecond)
    return overflow ? nil : product
  }
}
