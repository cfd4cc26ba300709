import Foundation
import Testing

@testable import EdgepipeCore

struct RetryAfterTests {
  @Test("given what servers write into Retry-After, when read, then it is seconds, or nothing")
  func seconds() {
    let now = Date(timeIntervalSince1970: 1_445_412_420)
    #expect(RetryAfter.seconds("120", now: now) == 120)
    #expect(RetryAfter.seconds("Wed, 21 Oct 2015 07:28:00 GMT", now: now) == 60)
    #expect(RetryAfter.seconds("Wed, 21 Oct 2015 07:00:00 GMT", now: now) == 0)
    for odd in ["", "soon", "-1", "nan", "inf"] { #expect(RetryAfter.seconds(odd, now: now) == nil) }
  }
}
