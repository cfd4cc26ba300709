@testable import EdgepipeCore
import Testing

@testable import Pipeline

@Suite("Service forecast")
struct ServiceForecastTests {
  private func time(_ milliseconds: Double) -> MonotonicTime {
    MonotonicTime(nanoseconds: 0).advanced(byMilliseconds: milliseconds)
  }

  private func forecast(_ services: [Double], successors: [ServiceForecast] = []) -> ServiceForecast {
    let forecast = ServiceForecast(successors: successors)
    for (index, service) in services.enumerated() {
      forecast.record(nanoseconds: Int64(service * 1e6), at: time(Double(index)))
    }
    return forecast
  }

  @Test("given the recent services of a stage and the ways after it, then the slowest way counts")
  func slowestWay() {
    let sink = forecast([1, 1, 1]), slow = forecast([20, 20, 20], successors: [sink])
    let fast = forecast([5, 5, 5], successors: [sink])
    #expect(forecast([10, 10, 10], successors: [slow, fast]).toFinish == 31_000_000)
  }

  @Test("given 30 ms of work left, when 25 ms are left, then the frame is hopeless; with 35 ms it is not")
  func hopeless() {
    let detector = forecast([20, 20, 20], successors: [forecast([10, 10, 10])])
    #expect(detector.isHopeless(deadline: time(125), now: time(100), isIdle: false))
    #expect(!detector.isHopeless(deadline: time(135), now: time(100), isIdle: false))
    #expect(!detector.isHopeless(deadline: time(125), now: time(100), isIdle: true), "only the sink has work to do")
  }

  @Test("given one service of a second among fast ones, when the next frame comes, then it is served as before")
  func oneOutlier() {
    let detector = forecast([20, 21, 19, 1000, 20])
    #expect(!detector.isHopeless(deadline: time(140), now: time(100), isIdle: false))
  }

  @Test(
    "given only slow services, when a second has passed, then one frame is let through, and a fast one ends the wait")
  func probe() {
    let detector = forecast([500, 500, 500])
    #expect(detector.isHopeless(deadline: time(200), now: time(100), isIdle: false))
    #expect(!detector.isHopeless(deadline: time(1200), now: time(1100), isIdle: false))
    #expect(detector.isHopeless(deadline: time(1201), now: time(1101), isIdle: false), "only one")
    detector.record(nanoseconds: 20_000_000, at: time(1120))
    #expect(!detector.isHopeless(deadline: time(1250), now: time(1150), isIdle: false))
  }

  @Test("given a deadline that has passed, then the frame is hopeless whatever is known")
  func past() {
    #expect(forecast([]).isHopeless(deadline: time(99), now: time(100), isIdle: true))
    #expect(!forecast([]).isHopeless(deadline: time(101), now: time(100), isIdle: false))
  }
}
