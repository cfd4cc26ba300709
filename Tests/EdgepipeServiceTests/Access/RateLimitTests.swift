import EdgepipeCore
import PipelineTesting
import Testing

@testable import EdgepipeService

@Suite("Limits on rates")
struct RateLimitTests {
  @Test("given a burst, when over, then as many are allowed as time brings, and never more than a burst")
  func bucket() {
    let clock = ManualClock()
    var limit = RateLimit(perSecond: 10, burst: 5)
    func allowed(of tries: Int) -> Int { (0..<tries).count { _ in limit.allows("a", at: clock.now()) } }
    #expect(allowed(of: 20) == 5)
    clock.advance(milliseconds: 300)
    #expect(allowed(of: 20) == 3)
    clock.advance(milliseconds: 3_600_000)
    #expect(allowed(of: 20) == 5)
    #expect(limit.allows("b", at: clock.now()))
  }

  @Test("given more clients than are told apart, when they come, then a client that is put off stays so while there is room")
  func many() {
    let clock = ManualClock()
    var limit = RateLimit(perSecond: 1, burst: 1)
    #expect(limit.allows("guesser", at: clock.now()))
    for number in 0..<900 { _ = limit.allows("\(number)", at: clock.now()) }
    #expect(!limit.allows("guesser", at: clock.now()))
    for number in 0..<100_000 { _ = limit.allows("\(number)", at: clock.now()) }
    #expect(limit.clientCount <= 1000)
  }
}
