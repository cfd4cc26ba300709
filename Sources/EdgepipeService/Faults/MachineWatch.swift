import EdgepipeCore
import Foundation
import Logging
import Pipeline

/// Looks at the machine's heat and supply, and has pipelines do less where that is needed.
final class MachineWatch: Sendable {
  struct Settings: Sendable {
    var everyMs = 2000.0
    var rule = HeatRule()
    /// Switches the machine off near the temperature at which the system would; nil: never.
    var powerOff: (@Sendable () throws(PipelineError) -> Void)?
  }

  /// What it does to the pipelines.
  struct Hands: Sendable {
    /// Detectors of all pipelines look at this share of live streams' frames.
    let share: @Sendable (Double) -> Void
    /// Stops the running pipeline of the lowest priority; returns its name, nil where none runs.
    let stopOne: @Sendable () -> String?
    /// Starts the one that was stopped last.
    let startOne: @Sendable () -> String?
    let canStop: @Sendable () -> Bool
  }

  private struct State {
    var rule: HeatRule
    var counts: ThrottleCounts
  }

  private let settings: Settings
  private let hands: Hands
  private let faults: FaultBook
  private let system: SystemTree
  private let clock: any PipelineClock
  private let logger: Logger
  private let state: Monitor<State>
  private let thread = Monitor<PeriodicThread?>(nil)

  init(
    _ settings: Settings, hands: Hands, faults: FaultBook, logger: Logger, system: SystemTree = SystemTree(),
    clock: any PipelineClock = SystemClock()
  ) {
    (self.settings, self.hands, self.faults) = (settings, hands, faults)
    (self.logger, self.system, self.clock) = (logger, system, clock)
    state = Monitor(State(rule: settings.rule, counts: ThrottleCounts(system)))
  }

  func start() throws(PipelineError) {
    let made = try PeriodicThread(name: "ep-machine", everyMilliseconds: settings.everyMs) { [weak self] in
      self?.look()
    }
    thread.withLock { $0 = made }
  }

  func stop() {
    let made = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    made?.stop()
  }

  /// One look, by one thread at a time.
  func look() {
    let counts = ThrottleCounts(system)
    let health = MachineHealth(system, before: state.withLock(\.counts), now: counts)
    let canStop = hands.canStop(), now = clock.now()
    let (action, before, after) = state.withLock { state in
      let before = state.rule.fault
      state.counts = counts
      return (state.rule.look(health, canStop: canStop, at: now), before, state.rule.fault)
    }
    let figures = Self.figures(health)
    if before == nil, let after { faults.begin(after, figures: figures, Self.sentence(after, health)) }
    if let action { act(action, health) }
    if let before, after == nil {
      faults.end(before, figures: figures, "the machine is well again; detectors look at all frames")
    }
  }

  private func act(_ action: HeatRule.Action, _ health: MachineHealth) {
    switch action {
    case .share(let share):
      logger.notice("detectors look at \(Int((share * 100).rounded())) % of the frames of live streams")
      hands.share(share)
    case .stopOne:
      if let name = hands.stopOne() { logger.warning("\(name): stopped until the machine is well again") }
    case .startOne:
      if let name = hands.startOne() { logger.notice("\(name): starting again: the machine is well") }
    case .powerOff:
      if let powerOff = settings.powerOff {
        logger.critical("switching the machine off: \(Self.sentence("overheated", health))")
        do throws(PipelineError) { try powerOff() } catch { logger.critical("the machine stays on: \(error)") }
      } else {
        logger.critical("\(Self.sentence("overheated", health)); the system will cut the power ('heat.powerOff')")
      }
    }
  }

  private static func figures(_ health: MachineHealth) -> [FaultChange.Figure] {
    health.hottest.map { [.init("celsius", $0.celsius, limit: $0.limit)] } ?? []
  }

  private static func sentence(_ fault: String, _ health: MachineHealth) -> String {
    switch fault {
    case "undervoltage": return "the supply does not hold its voltage: check the power supply and its cable"
    case "throttled": return "the processor is held back: check cooling and power supply"
    default:
      guard let sensor = health.hottest else { return "the machine is too hot" }
      return "'\(sensor.name)' has \(Int(sensor.celsius.rounded())) degrees, limit \(Int(sensor.limit.rounded()))"
    }
  }

  /// Asks logind to switch the machine off.
  static let logind: @Sendable () throws(PipelineError) -> Void = { () throws(PipelineError) in
    let program = "/usr/bin/busctl", child: ChildProcess
    do {
      child = try ChildProcess(
        program,
        [
          "call", "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "PowerOff",
          "b",
          "false",
        ])
    } catch {
      throw PipelineError("cannot start '\(program)': \(error.localizedDescription)", code: .unavailable)
    }
    let end = child.wait()
    guard end == .status(0) else {
      throw PipelineError(
        "logind refuses ('\(program)' ended with \(end))", remedy: "let the service's user power off by a polkit rule",
        code: .unavailable)
    }
  }
}
