import EdgepipeCore
import Foundation
import Logging
import PipelineTestSupport
import PipelineTesting
import Synchronization
import Testing

@testable import EdgepipeService

/// With trees of files as boards have them.
@Suite("The machine's heat and supply")
struct MachineWatchTests {
  private let system: FakeSystem
  private let clock = ManualClock()

  init() throws { system = try FakeSystem() }

  private func zone(_ celsius: Double, limits: [String: Double] = [:], number: Int = 0) throws {
    let folder = "/sys/class/thermal/thermal_zone\(number)"
    try system.write("cpu-thermal", to: "\(folder)/type")
    try system.write("\(Int(celsius * 1000))", to: "\(folder)/temp")
    for (index, limit) in limits.sorted(by: { $0.key < $1.key }).enumerated() {
      try system.write(limit.key, to: "\(folder)/trip_point_\(index)_type")
      try system.write("\(Int(limit.value * 1000))", to: "\(folder)/trip_point_\(index)_temp")
    }
  }

  @Test("given a thermal zone without limits of its own, then 80 degrees is the limit")
  func plainZone() throws {
    try zone(61.5)
    #expect(
      MachineHealth(system.tree).sensors == [
        MachineHealth.Sensor(name: "cpu-thermal", celsius: 61.5, slowsAt: nil, critical: nil)
      ])
    #expect(MachineHealth(system.tree).hottest?.limit == 80)
    #expect(HeatRule.fault(MachineHealth(system.tree)) == nil)
  }

  @Test("given several passive points, then the last counts; one of a case or a battery is none")
  func passivePoints() throws {
    try zone(50, limits: ["passive": 45])
    #expect(MachineHealth(system.tree).hottest?.limit == 80)
    for (number, celsius) in [(1, 70), (2, 92)] {
      try system.write("passive", to: "/sys/class/thermal/thermal_zone0/trip_point_\(number)_type")
      try system.write("\(celsius)000", to: "/sys/class/thermal/thermal_zone0/trip_point_\(number)_temp")
    }
    #expect(MachineHealth(system.tree).hottest?.limit == 87)
    #expect(MachineHealth(system.tree).sensors.count == 1)
  }

  @Test("given limits, then the lowest that makes sense counts, with a margin")
  func limits() throws {
    try zone(91, limits: ["critical": 105, "hot": 0, "passive": 95])
    let sensor = try #require(MachineHealth(system.tree).hottest)
    #expect(sensor.limit == 90 && sensor.critical == 105)
    #expect(HeatRule.fault(MachineHealth(system.tree)) == "overheated")
  }

  @Test("given a hardware monitor, then its sensors are read, and nonsense is left out")
  func monitor() throws {
    let folder = "/sys/class/hwmon/hwmon0"
    try system.write("k10temp", to: "\(folder)/name")
    try system.write("55250", to: "\(folder)/temp1_input")
    try system.write("65261850", to: "\(folder)/temp1_max")
    try system.write("-274000", to: "\(folder)/temp2_input")
    // A disk does not become cooler when detectors rest.
    try system.write("nvme", to: "/sys/class/hwmon/hwmon1/name")
    try system.write("90000", to: "/sys/class/hwmon/hwmon1/temp1_input")
    #expect(
      MachineHealth(system.tree).sensors == [
        MachineHealth.Sensor(name: "k10temp 1", celsius: 55.25, slowsAt: nil, critical: nil)
      ])
  }

  @Test("given a thermal zone that is shown as a hardware monitor too, then it is one sensor")
  func sameSensor() throws {
    try zone(61.5, limits: ["critical": 110])
    try system.write("cpu_thermal", to: "/sys/class/hwmon/hwmon0/name")
    try system.write("61500", to: "/sys/class/hwmon/hwmon0/temp1_input")
    #expect(MachineHealth(system.tree).sensors.map(\.name) == ["cpu-thermal"])
  }

  @Test(
    "given a Raspberry Pi's flags, then those of now count and those of the past do not",
    arguments: [
      ("0x0", nil), ("0x50000", nil), ("0x50005", "undervoltage"), ("0x4", "throttled"), ("0x8", "throttled"),
    ])
  func raspberry(bits: String, fault: String?) throws {
    try system.write(bits, to: "/sys/devices/platform/soc/soc:firmware/get_throttled")
    #expect(HeatRule.fault(MachineHealth(system.tree)) == fault)
  }

  @Test("given a count of throttling that rises, then the processor is held back now")
  func counts() throws {
    let file = "/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count"
    try system.write("7", to: file)
    let before = ThrottleCounts(system.tree)
    #expect(!MachineHealth(system.tree, before: before, now: ThrottleCounts(system.tree)).isThrottled)
    try system.write("8", to: file)
    #expect(MachineHealth(system.tree, before: before, now: ThrottleCounts(system.tree)).isThrottled)
    let jetson = "/sys/class/hwmon/hwmon3/oc2_event_cnt"
    let rest = ThrottleCounts(system.tree)
    try system.write("1", to: jetson)
    #expect(MachineHealth(system.tree, before: rest, now: ThrottleCounts(system.tree)).isThrottled)
  }

  @Test("given heat that lasts, then shares fall, then pipelines stop; and all comes back in the other order")
  func wholeWay() throws {
    try zone(85)
    let done = Mutex<[String]>([]), running = Mutex(["yard", "door"])
    let events = EventLog()
    let faults = FaultBook(events: events, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }, clock: clock)
    let watch = MachineWatch(
      MachineWatch.Settings(),
      hands: MachineWatch.Hands(
        share: { share in done.withLock { $0.append("share \(share)") } },
        stopOne: {
          let name = running.withLock { $0.popLast() }
          done.withLock { $0.append("stop \(name ?? "")") }
          return name
        },
        startOne: {
          done.withLock { $0.append("start") }
          return "door"
        }, canStop: { running.withLock { !$0.isEmpty } }),
      faults: faults, logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }, system: system.tree, clock: clock)
    func pass(_ seconds: Int) {
      for _ in 0..<seconds {
        watch.look()
        clock.advance(milliseconds: 1000)
      }
    }
    watch.look()
    // At once.
    #expect(done.withLock { $0 } == ["share 0.5"])
    pass(21)
    #expect(done.withLock { $0 } == ["share 0.5", "share 0.25", "share 0.1"])
    pass(61)
    #expect(done.withLock { Array($0.dropFirst(3)) } == ["stop door", "stop yard"])
    // Nothing is left to be stopped.
    pass(100)
    #expect(done.withLock { $0.count } == 5)
    // Just below the limit is not well.
    try zone(78)
    pass(200)
    #expect(done.withLock { $0.count } == 5)
    try zone(60)
    pass(400)
    #expect(
      done.withLock { Array($0.dropFirst(5)) } == ["start", "start", "share 0.25", "share 0.5", "share 1.0"])
    let told = events.entries(after: 0, limit: 100).entries
    #expect(told.map { $0.members["event"] } == [.string("fault"), .string("recovered")])
    #expect(told.allSatisfy { $0.members["fault"] == .string("overheated") && $0.members["pipeline"] == nil })
    #expect(told.first?.members["figures"] == .object(["celsius": .rounded(85)]))
  }

  @Test("given heat near the critical point, then the machine is switched off once, where that is wanted")
  func powerOff() throws {
    try zone(103, limits: ["critical": 105])
    let count = Mutex(0)
    var settings = MachineWatch.Settings()
    settings.powerOff = { count.withLock { $0 += 1 } }
    let logger = Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }
    let watch = MachineWatch(
      settings, hands: MachineWatch.Hands(share: { _ in }, stopOne: { nil }, startOne: { nil }, canStop: { false }),
      faults: FaultBook(events: EventLog(), logger: logger, clock: clock), logger: logger, system: system.tree,
      clock: clock)
    for _ in 0..<5 {
      watch.look()
      clock.advance(milliseconds: 1000)
    }
    #expect(count.withLock { $0 } == 1)
  }
}
