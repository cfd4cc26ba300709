import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Stages

@Suite("Detection: inferences that hang")
struct HangRuleTests {
  @Test("given an inference that goes on, when the time limit is over, then it is told once")
  func hangs() {
    var rule = HangRule(timeoutMs: 1000, everyMs: 200)
    var told: [[Int]] = []
    for _ in 0..<20 { told.append(rule.look([0: 7, 3: 1], elapsedMs: 200, usualMs: 10)) }
    #expect(told.filter { !$0.isEmpty } == [[0, 3]])
    #expect(told.firstIndex { !$0.isEmpty } == 5)
    // The next one of the same worker is another one.
    #expect((0..<6).map { _ in rule.look([0: 8], elapsedMs: 200, usualMs: 10) } == [[], [], [], [], [], [0]])
  }

  @Test("given inferences that end, when many follow each other, then nothing is told")
  func ends() {
    var rule = HangRule(timeoutMs: 1000, everyMs: 200)
    var random = SplitMix64(seed: 5), run = 0
    for _ in 0..<10_000 {
      // At most four looks in a row see the same one.
      for _ in 0..<Int.random(in: 1...5, using: &random) {
        #expect(rule.look([0: run], elapsedMs: 200, usualMs: 10).isEmpty)
      }
      run += 1
      if Bool.random(using: &random) { #expect(rule.look([:], elapsedMs: 200, usualMs: 10).isEmpty) }
    }
  }

  @Test("given a process that was stopped for a minute, when it goes on, then no inference hangs for that")
  func stopped() {
    var rule = HangRule(timeoutMs: 1000, everyMs: 200)
    #expect(rule.look([0: 1], elapsedMs: 200, usualMs: 10).isEmpty)
    #expect(rule.look([0: 1], elapsedMs: 60_000, usualMs: 10).isEmpty)
    #expect(rule.look([0: 1], elapsedMs: -1, usualMs: 10).isEmpty)
    #expect(rule.look([0: 1], elapsedMs: 200, usualMs: 10).isEmpty)
    #expect(rule.look([0: 1], elapsedMs: 60_000, usualMs: 10) == [0])
  }

  @Test("given a slow machine, when an inference usually takes long, or is the first one, then it has more time")
  func slow() {
    func looks(_ usualMs: Double?) -> Int? {
      var rule = HangRule(timeoutMs: 1000, everyMs: 200)
      return (0..<100).first { _ in !rule.look([0: 1], elapsedMs: 200, usualMs: usualMs).isEmpty }
    }
    #expect(looks(100) == 5)
    #expect(looks(2000) == 50)
    #expect(looks(nil) == 20)
  }
}
