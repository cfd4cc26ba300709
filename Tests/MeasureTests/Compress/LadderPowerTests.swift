@testable import EdgepipeMachine
import Testing

@testable import Measure

@Suite("Power of a ladder's models")
struct LadderPowerTests {
  private let profile = DeviceProfile(name: "p", idleW: 2, wattsPerBusyCore: 3, method: "a test")

  private func ladder(cpuMs: Double?) -> CompressionLadder {
    var float = LadderRung(step: "float32", fate: .float, reason: "")
    float.speed = cpuMs.map { .init(name: "", rate: 1, ratio: 1, ratioRange: 1...1, latencyMs: $0, cpuMs: $0) }
    return CompressionLadder(float: float, model: CompressionRunFixture.candidate)
  }

  @Test(
    "given the float model's CPU time, when models are compared, then at a camera's rate or at what the machine can do",
    arguments: [(10.0, 25.0), (100.0, 20.0), (90.0, 22.0), (5000.0, 1.0)])
  func rate(cpuMs: Double, expected: Double) {
    let ladder = ladder(cpuMs: cpuMs), power = LadderPower(ladder, profile: profile, cores: 2)
    #expect(power.rate == expected)
    #expect(power.watts(ladder.rungs[0]) == profile.watts(busyCores: expected * cpuMs / 1000))
  }

  @Test("given no measured speed, when asked for power, then there is none")
  func none() {
    let ladder = ladder(cpuMs: nil), power = LadderPower(ladder, profile: profile, cores: 2)
    #expect(power.rate == nil)
    #expect(power.watts(ladder.rungs[0]) == nil)
  }
}
