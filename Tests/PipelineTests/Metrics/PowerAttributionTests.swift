import Foundation
import Logging
import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import EdgepipeMachine
@testable import Pipeline

@Suite("Where the energy went")
struct PowerAttributionTests {
  @Test("given random spans, when split, then idle, stages and other add up to the package", arguments: UInt64(1)...20)
  func rowsAddUp(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let stages = Dictionary(
      uniqueKeysWithValues: (0..<6).map { ("s\($0)", Int64.random(in: 0...9_000_000_000, using: &random)) })
    let package = Double.random(in: 0...500, using: &random)
    // Now and then more idle energy than there is, and less busy CPU than the stages had.
    let split = EnergyAttribution(
      packageJ: package, seconds: Double.random(in: 0...30, using: &random),
      idleW: Double.random(in: 0...20, using: &random),
      stageCPU: stages, busyCPU: Int64.random(in: 0...60_000_000_000, using: &random))
    let rows = split.idleJ + split.otherJ + split.stageJ.values.reduce(0, +)
    #expect(abs(rows - package) < 1e-9 * max(1, package))
    #expect(([split.idleJ, split.otherJ] + split.stageJ.values).allSatisfy { $0 >= 0 })
  }

  @Test("given known figures, when split, then each stage has its share of what is above idle")
  func shares() {
    // 100 J in 10 s at 4 W idle leave 60 J for 6 CPU seconds: 10 J each.
    let split = EnergyAttribution(
      packageJ: 100, seconds: 10, idleW: 4, stageCPU: ["a": 3_000_000_000, "b": 1_000_000_000], busyCPU: 6_000_000_000)
    #expect(split.idleJ == 40)
    #expect(split.stageJ == ["a": 30, "b": 10])
    #expect(split.otherJ == 20)
  }

  @Test("given nothing that ran, when split, then what is above idle is other")
  func nothingBusy() {
    let split = EnergyAttribution(packageJ: 50, seconds: 10, idleW: 4, stageCPU: ["a": 0], busyCPU: 0)
    #expect(split.stageJ == ["a": 0])
    #expect(split.otherJ == 10)
  }
}

@Suite("Power of a run")
struct PowerMonitorTests {
  /// Gives what a test sets; fails while that is nil.
  private final class SetMeter: PowerMeter {
    let method: PowerMethod
    let name = "fake"
    let watts = Mutex<Double?>(10)

    init(_ method: PowerMethod = .hwmon) { self.method = method }

    func read() throws(PipelineError) -> PowerReading {
      guard let watts = watts.withLock({ $0 }) else { throw PipelineError("the sensor is gone", code: .unavailable) }
      return .watts(watts)
    }
  }

  private let clock = ManualClock()
  private let lines = LogLines()
  private let profile = DeviceProfile(name: "test", idleW: 6, wattsPerBusyCore: 4, method: "for tests")

  private func monitor(
    _ meter: any PowerMeter, budgetW: Double? = nil, process: @escaping @Sendable () -> Int64 = { 0 },
    machine: @escaping @Sendable () -> Int64? = { nil }
  ) -> PowerMonitor {
    PowerMonitor(
      PowerSetup(meter: meter, profile: profile), budgetW: budgetW, clock: clock,
      logger: lines.logger(), processCPU: process, machineCPU: machine)
  }

  @Test("given a profile, when a run took CPU time, then the estimate is idle and busy watts over time")
  func estimate() throws {
    let cpu = Mutex<Int64>(7_000_000_000)
    let now: @Sendable () -> Int64 = { cpu.withLock { $0 } }
    let power = monitor(EstimatedMeter(profile, clock: clock, cpuNanoseconds: now), process: now)
    // The stage had used 5 s for its model before the run began.
    power.begin { ["objects": 5_000_000_000] }
    cpu.withLock { $0 += 15_000_000_000 }
    clock.advance(milliseconds: 10_000)
    power.end { ["objects": 17_000_000_000] }
    let account = try #require(power.account)
    // 6 W x 10 s + 4 W x 15 s; 12 of 15 s were the stage's.
    #expect(abs(account.energy.packageJ - 120) < 1e-6)
    #expect(abs(account.meanW - 12) < 1e-6)
    #expect(abs(account.energy.idleJ - 60) < 1e-6)
    #expect(account.energy.stageJ["objects"].map { abs($0 - 48) < 1e-6 } == true)
    #expect(abs(account.energy.otherJ - 12) < 1e-6)
    #expect(account.source == "estimated: test, 6 W idle + 4 W per busy core")
  }

  @Test(
    "given a sensor and other programs, when attributed, then their part is other, and idle is no more than the lowest reading"
  )
  func measured() throws {
    let meter = SetMeter()
    let cpu = Mutex<Int64>(0)
    meter.watts.withLock { $0 = 5 }
    let power = monitor(meter, process: { cpu.withLock { $0 } }, machine: { cpu.withLock { 2 * $0 } })
    power.begin { [:] }
    clock.advance(milliseconds: 1000)
    power.sample()
    meter.watts.withLock { $0 = 15 }
    clock.advance(milliseconds: 1000)
    power.sample()
    cpu.withLock { $0 = 4_000_000_000 }
    clock.advance(milliseconds: 2000)
    power.end { ["a": 4_000_000_000] }
    let account = try #require(power.account)
    // 5 J, then 10 J while it rises, then 30 J; idle 5 W, below the profile's 6 W.
    #expect(abs(account.energy.packageJ - 45) < 1e-9)
    #expect(account.idleW == 5)
    // Half of the machine's busy time was this program's.
    #expect(account.energy.stageJ["a"].map { abs($0 - 12.5) < 1e-9 } == true)
    #expect(abs(account.energy.otherJ - 12.5) < 1e-9)
    #expect(account.source == "measured: hwmon, fake")
  }

  @Test("given a sensor that fails for a while, when it answers again, then the gap is bridged and counted")
  func gap() throws {
    let meter = SetMeter()
    let power = monitor(meter)
    power.begin { [:] }
    meter.watts.withLock { $0 = nil }
    for _ in 0..<3 {
      clock.advance(milliseconds: 1000)
      power.sample()
    }
    meter.watts.withLock { $0 = 20 }
    clock.advance(milliseconds: 1000)
    power.end { [:] }
    let account = try #require(power.account)
    #expect(account.failedReadings == 3)
    #expect(abs(account.energy.packageJ - 60) < 1e-9)
    #expect(account.notes == ["the sensor is gone"])
  }

  @Test(
    "given a run that goes on, when asked for the power so far, then it is the latest span's, and nothing while the sensor fails"
  )
  func current() {
    let meter = SetMeter()
    let power = monitor(meter, budgetW: 12)
    #expect(power.current == nil)
    power.begin { [:] }
    #expect(power.current == LivePower(method: .hwmon, watts: nil, joules: 0, budgetW: 12))
    meter.watts.withLock { $0 = 20 }
    clock.advance(milliseconds: 2000)
    power.sample()
    // From 10 W to 20 W in 2 s.
    #expect(power.current == LivePower(method: .hwmon, watts: 15, joules: 30, budgetW: 12))
    meter.watts.withLock { $0 = nil }
    clock.advance(milliseconds: 1000)
    power.sample()
    #expect(power.current == LivePower(method: .hwmon, watts: nil, joules: 30, budgetW: 12))
  }

  @Test("given a sensor that never answers, when the run ends, then there is no account and nothing is made up")
  func silent() {
    let meter = SetMeter()
    meter.watts.withLock { $0 = nil }
    let power = monitor(meter)
    power.begin { [:] }
    clock.advance(milliseconds: 1000)
    power.end { [:] }
    #expect(power.account == nil)
  }

  @Test("given a budget, when a peak is short, then nothing is said; when the mean of the window exceeds it, then once")
  func budget() throws {
    let meter = SetMeter()
    let power = monitor(meter, budgetW: 12)
    power.begin { [:] }
    func run(_ watts: Double, seconds: Int) {
      meter.watts.withLock { $0 = watts }
      for _ in 0..<seconds {
        clock.advance(milliseconds: 1000)
        power.sample()
      }
    }
    run(10, seconds: 15)
    run(20, seconds: 1)
    run(10, seconds: 15)
    #expect(lines.all == [])
    run(14, seconds: 30)
    let warnings = lines.all
    #expect(warnings.count == 1)
    #expect(warnings.first?.contains("budget.powerW is 12.0 W") == true)
    power.end { [:] }
    let budget = try #require(power.account?.budget)
    #expect(budget.isExceeded)
    #expect(abs(budget.highestMeanW - 14) < 1e-9)
  }

  @Test("given a run with a profile, when reported, then the rows of the report add up and name the estimate")
  func inTheReport() throws {
    let out = Collector()
    let plan = PipelinePlan(name: "p", stages: [.source("in", count: 200), .sink("out", after: ["in"], into: out)])
    let power = PowerMonitor(
      PowerSetup(meter: EstimatedMeter(profile), profile: profile), logger: Logger(label: "test"))
    let runner = try PipelineRunner(plan, power: power)
    try runner.start()
    let outcome = runner.wait()
    let text = try RunReport(
      pipeline: "p", snapshot: runner.snapshot(withFacts: true), outcome: outcome, version: "0"
    ).root.json()
    let root = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let figures = try #require(root["power"] as? [String: Any])
    #expect(figures["method"] as? String == "profile")
    #expect(figures["estimated"] as? Bool == true)
    let total = try #require(figures["energy_j"] as? Double)
    let idle = try #require(figures["idle_j"] as? Double), other = try #require(figures["other_j"] as? Double)
    let stages = try #require(root["stages"] as? [String: [String: Any]])
    let sum = stages.values.compactMap { $0["energy_j"] as? Double }.reduce(idle + other, +)
    #expect(stages.count == 2)
    // Each of the five figures is rounded to a thousandth.
    #expect(abs(sum - total) <= 0.0026)
    #expect(figures["j_per_frame"] is Double)
    #expect(figures["j_per_detection"] is NSNull)
  }
}
