import EdgepipeCore
import Pipeline
import PipelineTesting
import Testing

@testable import EdgepipeOutputs

@Suite("Senders: a receiver that cannot be reached")
struct OfflineRuleTests {
  private let clock = ManualClock()
  private var rule: OfflineRule

  init() { rule = OfflineRule(stage: "send", receiver: "the broker", clock: clock) }

  private func expectNothing(_ change: FaultChange?, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(change == nil, sourceLocation: sourceLocation)
  }

  @Test("given a receiver that is away, when two seconds have passed, then it is told once, and its return, too")
  mutating func told() throws {
    let begin = clock.now()
    expectNothing(rule.lost("no route", since: begin, waiting: 1))
    clock.advance(milliseconds: 1500)
    expectNothing(rule.lost("no route", since: clock.now(), waiting: 3))
    clock.advance(milliseconds: 600)
    let told = rule.lost("no route", since: clock.now(), waiting: 4)
    let fault = try #require(told)
    #expect(fault.fault == "offline" && fault.phase == .fault && fault.stage == "send")
    #expect(fault.message == "the broker cannot be reached; results wait in the spool: no route")
    #expect(fault.figures == [.init("waiting", 4)] && fault.since.nanoseconds == begin.nanoseconds)
    clock.advance(milliseconds: 60_000)
    expectNothing(rule.lost("no route", since: clock.now(), waiting: 900))
    let returned = rule.reached(waiting: 900)
    let end = try #require(returned)
    #expect(end.phase == .recovered && end.seconds == 62.1 && end.since == fault.since)
    expectNothing(rule.reached(waiting: 0))
  }

  @Test("given one attempt that fails, when the next one is taken, then nothing is told")
  mutating func blip() {
    for _ in 0..<10 {
      expectNothing(rule.lost("reset", since: clock.now(), waiting: 1))
      clock.advance(milliseconds: 500)
      expectNothing(rule.reached(waiting: 0))
      clock.advance(milliseconds: 10_000)
    }
  }

  @Test("given an attempt that waits for an answer in vain, then its beginning counts")
  mutating func silence() throws {
    let begin = clock.now()
    clock.advance(milliseconds: 5000)
    let told = rule.lost("no answer came in time", since: begin, waiting: 2)
    let fault = try #require(told)
    #expect(fault.since.nanoseconds == begin.nanoseconds)
  }
}
