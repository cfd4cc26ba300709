import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Pipeline

@Suite("A run's supervision")
struct SupervisionTests {
  @Test("given a run alone, when its limit has passed, then it is lost, and for how long")
  func lost() {
    let clock = ManualClock(), supervision = Supervision(clock: clock)
    #expect(supervision.lostForS == nil)
    clock.advance(milliseconds: 60_000)
    #expect(supervision.lostForS == nil, "the limit itself is within it")
    clock.advance(milliseconds: 1)
    #expect(supervision.lostForS == 60.001)
  }

  @Test("given contacts, when each comes in time, then the run is never lost, and the limit stays as last set")
  func contacts() {
    let clock = ManualClock(), supervision = Supervision(limitS: 10, clock: clock)
    for _ in 0..<100 {
      clock.advance(milliseconds: 9_999)
      #expect(supervision.lostForS == nil)
      supervision.contact(limitS: nil)
    }
    supervision.contact(limitS: 2)
    clock.advance(milliseconds: 2_001)
    #expect(supervision.lostForS == 2.001)
    // A supervisor that comes late is one all the same.
    supervision.contact(limitS: nil)
    #expect(supervision.lostForS == nil)
    clock.advance(milliseconds: 2_001)
    #expect(supervision.lostForS == 2.001)
  }
}
