import EdgepipeCore
import Testing

@testable import EdgepipeRemote

struct ProcessLoadTests {
  /// Looks once a window; `cpuMs` a frame of 20, all done in one place.
  private func look(_ load: inout ProcessLoad, from seconds: Double, windows: Int, cpuMs: Double, cloud: Bool) {
    var cpu = Int64(seconds * 1e9), frames = Int(seconds * 1000)
    for window in 0...windows {
      load.look(
        at: at(seconds + Double(window) * 0.25), cpuNanoseconds: cpu, edge: cloud ? 0 : frames,
        cloud: cloud ? frames : 0)
      cpu += Int64(cpuMs * 20 * 1e6)
      frames += 20
    }
  }

  @Test func givenFramesOfOnePlaceWhenLookedAtThenLoadAndAffordableRatesFollow() throws {
    var load = ProcessLoad(cores: 1)
    look(&load, from: 0, windows: 4, cpuMs: 8, cloud: false)
    #expect(abs(load.share - 0.64) < 0.001)
    let guessed = load.rates(inferenceMs: 4, at: at(1))
    #expect(abs(try #require(guessed.edge) - 125) < 0.1)
    #expect(abs(try #require(guessed.cloud) - 250) < 0.1)
    // An inference cannot take all of a frame's time.
    #expect(abs(try #require(load.rates(inferenceMs: 30, at: at(1)).cloud) - 500) < 0.1)
    #expect(load.rates(inferenceMs: 4, at: at(12)).edge == nil)
  }

  @Test func givenFramesThatWentToServersWhenLookedAtThenWhatSendingTakesIsKnown() throws {
    var load = ProcessLoad(cores: 2)
    look(&load, from: 0, windows: 8, cpuMs: 5, cloud: true)
    let rates = load.rates(inferenceMs: 4, at: at(2))
    #expect(rates.edge == nil)
    #expect(abs(try #require(rates.cloud) - 400) < 0.1)
  }

  @Test func givenFramesOfBothPlacesWhenLookedAtThenNeitherIsJudged() {
    var load = ProcessLoad(cores: 1)
    for window in 0...8 {
      load.look(
        at: at(Double(window) * 0.25), cpuNanoseconds: Int64(window) * 100_000_000, edge: window * 10,
        cloud: window * 10)
    }
    let rates = load.rates(inferenceMs: 4, at: at(2))
    #expect(rates.edge == nil && rates.cloud == nil)
    #expect(abs(load.share - 0.4) < 0.001)
  }
}
