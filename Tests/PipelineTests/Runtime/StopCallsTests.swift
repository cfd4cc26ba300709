import EdgepipeCore
import Testing

@testable import Pipeline

struct StopCallsTests {
  private final class Waiting: WaitsOutside {
    let calls = Monitor(0)
    func stopWaiting() { calls.change { $0 += 1 } }
  }

  @Test func givenWhoWaitsWhenCalledThenEachIsToldAndWhoIsGoneIsNot() {
    let calls = StopCalls(), first = Waiting()
    calls.add(first)
    do { calls.add(Waiting()) }
    calls.call()
    #expect(first.calls.withLock { $0 } == 1)
  }
}
