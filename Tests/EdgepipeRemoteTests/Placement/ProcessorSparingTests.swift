import EdgepipeCore
import Testing

@testable import EdgepipeRemote

struct ProcessorSparingTests {
  private func look(_ sparing: inout ProcessorSparing, _ load: Double, at seconds: Double) -> Bool {
    sparing.look(prefersCloud: true, load: load, at: at(seconds))
    return sparing.isOn
  }

  @Test func givenAFullProcessorWhenItStaysFullThenFramesGoOnWaitingForTheServer() {
    var sparing = ProcessorSparing()
    #expect(look(&sparing, 0.5, at: 0) == false)
    for step in 0..<100 {
      #expect(look(&sparing, step % 3 == 1 ? 0.85 : 1, at: 1 + Double(step) / 10) == true)
    }
  }

  @Test func givenAServerThatLimitsTheRateWhenTheProcessorBecomesIdleThenItIsUsedAgainAndTheNextAttemptsComeLater() {
    var sparing = ProcessorSparing(), changes: [Double] = []
    var wasOn = false
    for step in 0..<600 {
      let now = Double(step) / 10
      // Waiting leaves the processor idle; working on frames here fills it.
      let isOn = look(&sparing, wasOn ? 0.6 : 1, at: now)
      if isOn != wasOn { changes.append(now) }
      wasOn = isOn
    }
    let on = stride(from: 0, to: changes.count - 1, by: 2).map { changes[$0 + 1] - changes[$0] }
    #expect(on.allSatisfy { $0 < 0.8 })
    #expect((4...7).contains(on.count), "\(changes)")
  }

  @Test func givenTheMachineHereIsBetterWhenTheProcessorIsFullThenNothingWaits() {
    var sparing = ProcessorSparing()
    sparing.look(prefersCloud: false, load: 1, at: at(0))
    #expect(!sparing.isOn)
    #expect(look(&sparing, 1, at: 1) == true)
    sparing.look(prefersCloud: false, load: 1, at: at(2))
    #expect(!sparing.isOn)
  }
}
