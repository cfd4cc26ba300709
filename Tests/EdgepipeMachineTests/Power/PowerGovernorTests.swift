import Logging
import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeMachine

@Suite("Keeping a power budget")
struct PowerGovernorTests {
  /// A machine whose power follows the pace: what is always there, and what detection at full pace takes.
  private final class Machine: PowerMeter {
    let method = PowerMethod.hwmon
    let name = "machine"
    let load: Mutex<(fixedW: Double, detectionW: Double)>
    let pace = Mutex<DetectionPace?>(nil)

    init(fixedW: Double, detectionW: Double) { load = Mutex((fixedW, detectionW)) }

    var watts: Double {
      let share = pace.withLock { $0?.share ?? 1 }
      return load.withLock { $0.fixedW + $0.detectionW * share }
    }

    func read() -> PowerReading { .watts(watts) }
  }

  private let clock = ManualClock()
  private let lines = LogLines()

  private func monitor(_ machine: Machine, budgetW: Double, idleW: Double, enforces: Bool = true) -> PowerMonitor {
    let profile = DeviceProfile(name: "test", idleW: idleW, wattsPerBusyCore: 4, method: "for tests")
    let monitor = PowerMonitor(
      PowerSetup(meter: machine, profile: profile), budgetW: budgetW, enforces: enforces, clock: clock,
      logger: lines.logger(), processCPU: { 0 }, machineCPU: { nil })
    machine.pace.withLock { $0 = monitor.pace }
    return monitor
  }

  private func run(_ monitor: PowerMonitor, seconds: Int) {
    for _ in 0..<seconds {
      clock.advance(milliseconds: 1000)
      monitor.sample()
    }
  }

  @Test(
    "given a load above the budget, when detection can give way, then every window stays under it and detection goes on",
    arguments: [(6.0, 12.0, 12.0), (6, 12, 6), (6, 12, 2), (8, 5, 9), (3, 30, 15)])
  func keeps(fixedW: Double, detectionW: Double, idleW: Double) throws {
    let machine = Machine(fixedW: fixedW, detectionW: detectionW), budgetW = fixedW + detectionW / 2
    let power = monitor(machine, budgetW: budgetW, idleW: idleW)
    power.begin { [:] }
    run(power, seconds: 120)
    // At rest just below the budget, not far below.
    #expect(machine.watts <= budgetW)
    #expect(machine.watts >= budgetW * 0.93)
    power.end { [:] }
    let budget = try #require(power.account?.budget)
    #expect(!budget.isExceeded, "\(budget.highestMeanW) W, budget \(budgetW) W")
    #expect(budget.lowestDetectionShare.map { $0 > PowerGovernor.lowestShare && $0 < 0.6 } == true)
    let said = lines.all
    #expect(said.count == 1 && said.allSatisfy { $0.hasPrefix("notice: to keep the power within budget.powerW") })
  }

  @Test("given a load that falls again, when there is room, then detection returns to its full pace")
  func recovers() {
    let machine = Machine(fixedW: 6, detectionW: 12)
    let power = monitor(machine, budgetW: 12, idleW: 6)
    power.begin { [:] }
    run(power, seconds: 30)
    #expect(power.pace.map { $0.share < 0.5 } == true)
    machine.load.withLock { $0 = (6, 3) }
    run(power, seconds: 30)
    #expect(power.pace?.share == 1)
  }

  @Test(
    "given a budget below what runs without detection, when enforced, then detection ends at its lowest and a warning says so"
  )
  func impossible() throws {
    let machine = Machine(fixedW: 10, detectionW: 5)
    let power = monitor(machine, budgetW: 8, idleW: 6)
    power.begin { [:] }
    run(power, seconds: 60)
    #expect(power.pace?.share == PowerGovernor.lowestShare)
    let warnings = lines.all.filter { $0.hasPrefix("warning") }
    #expect(warnings.count == 1)
    #expect(warnings.first?.contains("is the minimum") == true)
    power.end { [:] }
    #expect(power.account?.budget?.isExceeded == true)
  }

  @Test("given a budget that only warns, when it is exceeded, then nothing is slowed down")
  func onlyWarns() {
    let power = monitor(Machine(fixedW: 10, detectionW: 5), budgetW: 8, idleW: 6, enforces: false)
    #expect(power.pace == nil)
    power.begin { [:] }
    run(power, seconds: 60)
    #expect(power.account == nil)
    power.end { [:] }
    #expect(power.account?.budget?.lowestDetectionShare == nil)
  }
}
