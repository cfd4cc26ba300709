import EdgepipeCore
import PipelineTesting
import Testing

@testable import EdgepipeOutputs

@Suite("Senders: a receiver that cannot be reached")
struct OfflineRuleTests {
  private let clock = ManualClock()
  private var rule: OfflineRule

  init() { rule = OfflineRule(stage: "send", receiver: "the broker", clock: clock) }

  @Test("given a receiver that is away, when two seconds have passed, then it is told once, and its return, too")
  mutating func told() throws {
    let begin = clock.now()
    #expect(rule.lost("no route", since: begin, waiting: 1) == nil)
    clock.advance(milliseconds: 1500)
    #expect(rule.lost("no route", since: clock.now(), waiting: 3) == nil)
    clock.advance(milliseconds: 600)
    let fault = try #require(rule.lost("no route", since: clock.now(), waiting: 4))
    #expect(fault.fault == "offline" && fault.phase == .fault && fault.stage == "send")
    #expect(fault.message == "the broker cannot be reached; results wait in the spool: no route")
    #expect(fault.figures == [.init("waiting", 4)] && fault.since.nanoseconds == begin.nanoseconds)
    clock.advance(milliseconds: 60_000)
    #expect(rule.lost("no route", since: clock.now(), waiting: 900) == nil)
    let end = try #require(rule.reached(waiting: 900))
    #expect(end.phase == .recovered && end.seconds == 62.1 && end.since == fault.since)
    #expect(rule.reached(waiting: 0) == nil)
  }

  @Test("given one attempt that fails, when the next one is taken, then nothing is told")
  mutating func blip() {
    for _ in 0..<10 {
      #expect(rule.lost("reset", since: clock.now(), waiting: 1) == nil)
      clock.advance(milliseconds: 500)
      #expect(rule.reached(waiting: 0) == nil)
      clock.advance(milliseconds: 10_000)
    }
  }

  @Test("given an attempt that waits for an answer in vain, then its beginning counts")
  mutating func silence() throws {
    let begin = clock.now()
    clock.advance(milliseconds: 5000)
    let fault = try #require(rule.lost("no answer came in time", since: begin, waiting: 2))
    #expect(fault.since.nanoseconds == begin.nanoseconds)
  }
}
