@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeMachine

@Suite("Power sensors on fake system trees")
struct PowerSensorTests {
  private static let rapl = "sys/class/powercap"

  /// Two packages with parts, the same package by memory, and the whole board, as a server of Intel shows them.
  private static let packages = [
    "\(rapl)/intel-rapl/enabled": "1",
    "\(rapl)/intel-rapl:0/name": "package-0", "\(rapl)/intel-rapl:0/energy_uj": "1000000",
    "\(rapl)/intel-rapl:0/max_energy_range_uj": "262143328850",
    "\(rapl)/intel-rapl:0:0/name": "core", "\(rapl)/intel-rapl:0:0/energy_uj": "700000",
    "\(rapl)/intel-rapl:0:1/name": "dram", "\(rapl)/intel-rapl:0:1/energy_uj": "90000",
    "\(rapl)/intel-rapl:1/name": "package-1", "\(rapl)/intel-rapl:1/energy_uj": "262143328000",
    "\(rapl)/intel-rapl:1/max_energy_range_uj": "262143328850",
    "\(rapl)/intel-rapl:2/name": "psys", "\(rapl)/intel-rapl:2/energy_uj": "5000000",
    "\(rapl)/intel-rapl-mmio:0/name": "package-0", "\(rapl)/intel-rapl-mmio:0/energy_uj": "1000000",
  ]

  private func at(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(seconds * 1e9)) }

  private func watts(_ sensor: PowerSensor?) throws -> Double {
    guard case .watts(let watts) = try #require(sensor?.meter).read() else {
      Issue.record("not a meter of watts")
      return -1
    }
    return watts
  }

  @Test("given packages with parts, when read, then only the packages count, and a counter that wraps loses nothing")
  func raplWraps() throws {
    let system = try FakeSystem(Self.packages)
    let sensor = try #require(PowerSensors.find(in: system.tree).first)
    #expect(sensor.kind == "rapl")
    #expect(sensor.name == "package-0 + package-1")
    #expect(sensor.isReady)
    let meter = try #require(sensor.meter)
    var integrator = EnergyIntegrator()
    integrator.add(try meter.read(), at: at(0))
    // 6 J of the first; the second goes 850 microjoules to its end and 3,999,150 beyond: 4 J.
    try system.write("7000000", to: "\(Self.rapl)/intel-rapl:0/energy_uj")
    try system.write("3999150", to: "\(Self.rapl)/intel-rapl:1/energy_uj")
    let watts = integrator.add(try meter.read(), at: at(2))
    #expect(abs(integrator.joules - 10) < 1e-9)
    #expect(watts.map { abs($0 - 5) < 1e-9 } == true)
  }

  @Test(
    "given counters that only root may read, when found, then the reason and the remedy are named, and it is estimated")
  func raplDenied() throws {
    let system = try FakeSystem(Self.packages)
    let tree = system.tree(denying: ["energy_uj"])
    let sensor = try #require(PowerSensors.find(in: tree).first)
    guard case .unusable(let reason, let remedy) = sensor.state else {
      Issue.record("the sensor is \(sensor.state)")
      return
    }
    #expect(reason.contains("/sys/class/powercap/intel-rapl:0/energy_uj") && reason.contains("permission denied"))
    #expect(remedy?.contains("chmod a+r /sys/class/powercap/*/energy_uj") == true)
    let setup = PowerSetup.standard(tree: tree)
    #expect(setup.meter.method == .profile)
    #expect(setup.notes.count == 1 && setup.notes[0].contains("chmod"))
  }

  @Test("given a counter that went back without a highest value, when integrated, then that span is left out")
  func reset() {
    var integrator = EnergyIntegrator()
    func counter(_ value: UInt64) -> PowerReading { .energy([EnergyCounter(id: "a", microjoules: value)]) }
    integrator.add(counter(5_000_000), at: at(0))
    integrator.add(counter(8_000_000), at: at(1))
    #expect(integrator.add(counter(1_000_000), at: at(2)) == nil)
    integrator.add(counter(3_000_000), at: at(4))
    #expect(integrator.joules == 5)
    #expect(integrator.seconds == 3)
  }

  @Test("given power that rises in a straight line, when integrated, then the energy is the area below it")
  func trapezoid() {
    var integrator = EnergyIntegrator()
    // 4 W to 10 W in 3 s, looked at in uneven steps: 21 J.
    for time in [0, 0.4, 1, 2.5, 3] { integrator.add(.watts(4 + 2 * time), at: at(time)) }
    #expect(abs(integrator.joules - 21) < 1e-9)
    #expect(integrator.seconds == 3)
  }

  @Test("given an INA226 with a power register, when read, then microwatts are watts")
  func ina226() throws {
    let system = try FakeSystem([
      "sys/class/hwmon/hwmon0/name": "k10temp", "sys/class/hwmon/hwmon0/temp1_input": "41000",
      "sys/class/hwmon/hwmon3/name": "ina226", "sys/class/hwmon/hwmon3/power1_input": "6250000",
      "sys/class/hwmon/hwmon3/in1_input": "5000", "sys/class/hwmon/hwmon3/curr1_input": "1250",
    ])
    let sensors = PowerSensors.find(in: system.tree)
    #expect(sensors.map(\.kind) == ["hwmon"])
    #expect(try watts(sensors.first) == 6.25)
  }

  @Test("given an INA219 without a power register, when read, then it is millivolts times milliamperes")
  func ina219() throws {
    let system = try FakeSystem([
      "sys/class/hwmon/hwmon0/name": "ina219", "sys/class/hwmon/hwmon0/in0_input": "12",
      "sys/class/hwmon/hwmon0/in1_input": "5080", "sys/class/hwmon/hwmon0/curr1_input": "750",
    ])
    #expect(abs(try watts(PowerSensors.find(in: system.tree).first) - 3.81) < 1e-9)
  }

  private func ina3221(_ labels: [String], in folder: String = "hwmon1") -> [String: String] {
    let path = "sys/class/hwmon/\(folder)"
    var files = ["\(path)/name": "ina3221", "\(path)/in4_input": "8", "\(path)/curr4_input": "9999"]
    for (index, label) in labels.enumerated() {
      files["\(path)/in\(index + 1)_label"] = label
      files["\(path)/in\(index + 1)_input"] = "5000"
      files["\(path)/curr\(index + 1)_input"] = "\((index + 1) * 400)"
    }
    return files
  }

  @Test("given an Orin Nano, when read, then VDD_IN is the whole module and the rails behind it do not count twice")
  func orinNano() throws {
    let system = try FakeSystem(ina3221(["VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"]))
    let sensors = PowerSensors.find(in: system.tree)
    #expect(sensors.map(\.kind) == ["jetson"])
    #expect(sensors.first?.name == "VDD_IN")
    #expect(try watts(sensors.first) == 2)
  }

  @Test("given an AGX Orin with two chips, when read, then its three inputs add up")
  func agxOrin() throws {
    let system = try FakeSystem(
      ina3221(["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"])
        .merging(ina3221(["NC", "VDDQ_VDD2_1V8AO", "NC"], in: "hwmon2")) { $1 })
    #expect(try watts(PowerSensors.find(in: system.tree).first) == 2 + 4 + 6)
  }

  @Test("given an INA3221 on an unknown board, when read, then its channels in use add up")
  func otherBoard() throws {
    var files = ina3221(["solar", "load", "NC"])
    files["sys/class/hwmon/hwmon1/in1_enable"] = "0"
    let sensors = PowerSensors.find(in: try FakeSystem(files).tree)
    #expect(sensors.first?.name == "ina3221: load")
    #expect(try watts(sensors.first) == 4)
  }

  @Test(
    "given a battery, when it discharges, then power or current times voltage counts; when it charges, the reason is named"
  )
  func battery() throws {
    let path = "sys/class/power_supply"
    let system = try FakeSystem([
      "\(path)/AC/type": "Mains", "\(path)/hid-1/type": "Battery", "\(path)/hid-1/scope": "Device",
      "\(path)/BAT0/type": "Battery", "\(path)/BAT0/status": "Discharging", "\(path)/BAT0/current_now": "-900000",
      "\(path)/BAT0/voltage_now": "12000000",
    ])
    #expect(PowerSensors.find(in: system.tree).map(\.name) == ["BAT0"])
    #expect(abs(try watts(PowerSensors.find(in: system.tree).first) - 10.8) < 1e-9)
    try system.write("7300000", to: "\(path)/BAT0/power_now")
    #expect(try watts(PowerSensors.find(in: system.tree).first) == 7.3)
    try system.write("Charging", to: "\(path)/BAT0/status")
    let state = try #require(PowerSensors.find(in: system.tree).first?.state)
    guard case .unusable(let reason, _) = state else {
      Issue.record("the battery is \(state)")
      return
    }
    #expect(reason.contains("'Charging'"))
  }

  @Test("given a Raspberry Pi 5, when looked at, then it says what sysfs does not offer, and its profile is taken")
  func raspberryPi() throws {
    let system = try FakeSystem([
      "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0", "sys/class/hwmon/hwmon0/name": "rpi_volt",
      "sys/class/hwmon/hwmon0/in0_lcrit_alarm": "0",
    ])
    let setup = PowerSetup.standard(tree: system.tree)
    #expect(setup.profile.name == "raspberry-pi-5")
    #expect(setup.meter.method == .profile)
    #expect(setup.notes.first?.contains("vcgencmd") == true)
  }

  @Test("given sensors of several kinds, when one is chosen, then the first that can be read")
  func order() throws {
    let files = Self.packages.merging(ina3221(["12V"])) { $1 }
    let system = try FakeSystem(files)
    #expect(PowerSensors.find(in: system.tree).map(\.kind) == ["rapl", "hwmon"])
    #expect(PowerSetup.standard(tree: system.tree).meter.method == .rapl)
    let setup = PowerSetup.standard(tree: system.tree(denying: ["energy_uj"]))
    #expect(setup.meter.method == .hwmon)
    #expect(setup.notes.count == 1)
  }
}
