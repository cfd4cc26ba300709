import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import EdgepipeMachine

@Suite("Power profiles")
struct DeviceProfileTests {
  @Test(
    "given a machine's own words, when a profile is looked for, then it is that of the board, else of the architecture",
    arguments: [
      (["proc/device-tree/model": "NVIDIA Jetson Orin Nano Developer Kit"], "jetson-orin-nano"),
      (["proc/device-tree/model": "NVIDIA Jetson AGX Orin Developer Kit\0"], "jetson-agx-orin"),
      (["proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0"], "raspberry-pi-4b"),
      (["proc/cpuinfo": "processor\t: 0\nmodel name\t: Intel(R) N100\n"], "intel-n100"),
      (["sys/class/dmi/id/product_name": "NUC12WSHi5", "proc/cpuinfo": "model name : 12th Gen"], "intel-nuc-12"),
      (["proc/cpuinfo": "processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\n"], "generic-arm-server"),
      (["proc/cpuinfo": "processor\t: 0\nmodel name\t: AMD EPYC\n"], "generic-x86-server"),
    ])
  func suggested(files: [String: String], name: String) throws {
    let system = try FakeSystem(files)
    #expect(DeviceProfile.suggested(for: system.tree).profile.name == name)
  }

  @Test("given a profile, when written and read, then it is the same")
  func roundTrip() throws {
    let profile = DeviceProfile(
      name: "desk", idleW: 5.25, wattsPerBusyCore: 2.125, method: "a meter \"A\"", residualW: 0.5)
    #expect(try DeviceProfile.parse(profile.json, file: "desk.json") == profile)
  }

  @Test(
    "given a file that is no profile, when read, then the mistake is named with exit 65",
    arguments: [
      (#"{"version":1,"name":"a","idlew":3,"wattsPerBusyCore":1}"#, "did you mean 'idleW'"),
      (#"{"version":1,"name":"a","idleW":-3,"wattsPerBusyCore":1}"#, "idleW"),
      (#"{"version":1,"name":"a","idleW":3}"#, "wattsPerBusyCore"), ("[]", "expected an object"),
    ])
  func mistakes(text: String, part: String) {
    let error = #expect(throws: PipelineError.self) { try DeviceProfile.parse(text, file: "p.json") }
    #expect(error?.exit == .dataError)
    #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
  }

  @Test("given a name that is no profile, when loaded, then the nearest is named with exit 64")
  func unknownName() {
    let error = #expect(throws: PipelineError.self) { try DeviceProfile.load("raspbery-pi-5") }
    #expect(error?.exit == .usage)
    #expect(error?.remedy?.contains("did you mean 'raspberry-pi-5'") == true)
  }

  @Test("given readings, when fitted, then line and residual are those of numpy")
  func fit() throws {
    // numpy.polyfit([0, 0, 1, 2, 4, 4], [2.71, 2.65, 3.58, 4.61, 6.35, 6.47], 1) and the root mean square of its residuals.
    let text = "# a meter\nwatts, busy_cores\n2.71,0\n2.65,0\n3.58,1\n\n4.61,2\n6.35,4\n6.47,4\n"
    let fit = try ProfileFit(ProfileFit.readings(csv: text, file: "r.csv"))
    #expect(abs(fit.idleW - 2.681287128712871) < 1e-12)
    #expect(abs(fit.wattsPerBusyCore - 0.9347524752475248) < 1e-12)
    #expect(abs(fit.residualW - 0.04833873874405855) < 1e-12)
    #expect(fit.readings == 6)
  }

  @Test(
    "given readings that make no line, when fitted, then the reason is named with exit 65",
    arguments: [
      ("cores,watts\n1,2\n", "busy_cores"), ("busy_cores,watts\n0,3\n", "at least 2"),
      ("busy_cores,watts\n1,3\n1,4\n", "same number"), ("busy_cores,watts\n0,9\n4,3\n", "implausible line"),
      ("busy_cores,watts\n0,3\n1,x\n", "line 3"), ("busy_cores,watts\n0,3\n1\n", "line 3"),
      ("busy_cores,watts\n0,3\n1,inf\n", "line 3"), ("", "busy_cores"),
    ])
  func badReadings(text: String, part: String) {
    let error = #expect(throws: PipelineError.self) { try ProfileFit(ProfileFit.readings(csv: text, file: "r.csv")) }
    #expect(error?.exit == .dataError)
    #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
  }

  @Test("given /proc/stat, when summed, then busy time is user, nice, system, irq and softirq of all cores")
  func machineTime() throws {
    let system = try FakeSystem(["proc/stat": "cpu  100 20 30 9000 50 6 4 7 1 1\ncpu0 1 1 1 1 1 1 1 1 1 1"])
    #expect(MachineCPU.busyNanoseconds(system.tree) == 1_600_000_000)
    #expect(MachineCPU.busyNanoseconds(try FakeSystem().tree) == nil)
  }
}
