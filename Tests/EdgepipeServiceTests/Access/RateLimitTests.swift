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
    func allowed(of tries: Int, _ client: String = "a") -> Int {
      (0..<tries).count { _ in limit.allows(client, at: clock.now()) }
    }
    let first = allowed(of: 20)
    clock.advance(milliseconds: 300)
    let second = allowed(of: 20)
    clock.advance(milliseconds: 3_600_000)
    let third = allowed(of: 20), other = allowed(of: 1, "b")
    #expect([first, second, third, other] == [5, 3, 5, 1])
  }

  @Test(
    "given more clients than are told apart, when they come, then a client that is put off stays so while there is room"
  )
  func many() {
    let clock = ManualClock()
    var limit = RateLimit(perSecond: 1, burst: 1)
    let first = limit.allows("guesser", at: clock.now())
    for number in 0..<900 { _ = limit.allows("\(number)", at: clock.now()) }
    let second = limit.allows("guesser", at: clock.now())
    #expect(first && !second)
    for number in 0..<100_000 { _ = limit.allows("\(number)", at: clock.now()) }
    #expect(limit.clientCount <= 1000)
  }
}
