import PipelineTestSupport
import Testing

@testable import EdgepipeService

@Suite("The doctor: the machine")
struct MachineViewTests {
  private static let healthy = [
    "proc/loadavg": "0.10 0.20 0.30 1/100 4242",
    "proc/meminfo": "MemTotal: 4000000 kB\nMemAvailable: 3000000 kB\nSwapTotal: 1000000 kB\nSwapFree: 900000 kB",
    "sys/class/thermal/thermal_zone0/temp": "48000", "sys/class/thermal/thermal_zone0/type": "cpu-thermal",
    "sys/class/thermal/thermal_zone0/trip_point_0_type": "passive",
    "sys/class/thermal/thermal_zone0/trip_point_0_temp": "80000",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq": "1800000",
    "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "1800000",
  ]

  private func view(
    _ changes: [String: String] = [:], engine: MachineView.Engine = .ready("onnxruntime 1.31.1"),
    models: [String] = ["yolox-nano"]
  ) throws -> MachineView {
    let system = try FakeSystem(Self.healthy.merging(changes) { $1 })
    return MachineView(system.tree, engine: engine, models: models, instructionSets: ["NEON"], folders: [])
  }

  @Test("given a machine in order, when examined, then nothing is found and what was seen is listed")
  func healthy() throws {
    let view = try view()
    #expect(view.findings.isEmpty)
    let checks = Dictionary(view.checks.map { ($0.name, $0.text) }, uniquingKeysWith: { first, _ in first })
    #expect(checks["heat"] == "cpu-thermal: 48.0 °C")
    #expect(checks["memory"] == "2,930 MB of 3,906 MB available")
    #expect(checks["swap"] == "98 MB of 977 MB in use" && checks["models"] == "1 installed")
  }

  @Test("given a machine that tells nothing, when examined, then nothing is made up")
  func silent() throws {
    let view = MachineView(
      try FakeSystem().tree, engine: .ready("x"), models: ["a"], instructionSets: [], folders: [])
    #expect(view.findings.isEmpty && !view.checks.isEmpty)
  }

  @Test("given each thing that keeps pipelines from running well, when examined, then it is found")
  func found() throws {
    #expect(try view(engine: .missing("no library"), models: []).findings.causes == [.noEngine, .noModels])
    #expect(try view(["proc/loadavg": "900.0 1 1 1/1 1"]).findings.causes == [.busyMachine])
    #expect(
      try view(["proc/meminfo": "MemTotal: 4000000 kB\nMemAvailable: 200000 kB"]).findings.causes == [.littleMemory])
    let swapping = "MemTotal: 4000000 kB\nMemAvailable: 900000 kB\nSwapTotal: 1000000 kB\nSwapFree: 1000 kB"
    #expect(try view(["proc/meminfo": swapping]).findings.causes == [.littleMemory])
    let hot = try view(["sys/class/thermal/thermal_zone0/temp": "81500"]).findings
    #expect(hot.causes == [.hot] && hot.value("celsius") == 81.5 && hot.value("limit_celsius") == 80)
    // A zone that states nothing is judged as `serve` judges it, and so is a hardware monitor.
    let monitor = "sys/class/hwmon/hwmon0"
    let silent = try view(["\(monitor)/name": "k10temp", "\(monitor)/temp1_input": "84000"]).findings
    #expect(silent.causes == [.hot] && silent[0].subject == "k10temp 1" && silent.value("limit_celsius") == 80)
    let slow = try view(["sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq": "900000"]).findings
    #expect(slow.causes == [.slowClock] && slow.value("clock_share") == 0.5)
  }
}
