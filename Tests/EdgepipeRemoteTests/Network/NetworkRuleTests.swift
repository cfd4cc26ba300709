import EdgepipeCore
import Testing

@testable import EdgepipeRemote

/// An instant of a test, in seconds.
func at(_ seconds: Double) -> MonotonicTime {
  MonotonicTime(nanoseconds: 1_000_000_000).advanced(byMilliseconds: seconds * 1e3)
}

struct DurationWindowTests {
  @Test func givenTimesWhenForecastThenTheNearestRankIsTaken() {
    var window = DurationWindow()
    for (index, time) in [10.0, 30, 20, 40].enumerated() { window.add(time, at: at(Double(index) / 10)) }
    #expect(window.quantile(0.5, at: at(1)) == 20)
    #expect(window.quantile(0.9, at: at(1)) == 40)
    #expect(window.quantile(0, at: at(1)) == 10)
    #expect(window.quantile(1, at: at(1)) == 40)
  }

  @Test func givenOldTimesWhenForecastThenNothingIsKnown() {
    var window = DurationWindow()
    window.add(10, at: at(0))
    #expect(window.quantile(0.5, at: at(4.9)) == 10)
    #expect(window.quantile(0.5, at: at(5.1)) == nil)
  }

  @Test(arguments: [(20.0, 200.0), (200, 20)])
  func givenAnotherNetworkWhenThreeInARowSayTheSameThenTheOldTimesAreForgotten(before: Double, after: Double) {
    var window = DurationWindow()
    for index in 0..<20 { window.add(before + Double(index % 3), at: at(Double(index) / 100)) }
    window.add(after, at: at(0.3))
    window.add(after, at: at(0.31))
    #expect(window.quantile(0.5, at: at(0.32)).map { abs($0 - before) < 5 } == true)
    window.add(after, at: at(0.32))
    #expect(window.quantile(0.5, at: at(0.33)) == after)
  }

  @Test func givenNumbersThatAreNoTimesWhenAddedThenTheyAreLeftOut() {
    var window = DurationWindow()
    for time in [Double.nan, .infinity, -1] { window.add(time, at: at(0)) }
    #expect(window.isEmpty)
  }
}

struct NetworkFiguresTests {
  @Test func givenTheFirstRequestWhenItOpensConnectionsThenItSaysNothingOfTheNext() {
    var figures = NetworkFigures()
    figures.answered(500, bytes: 1000, at: at(0))
    #expect(figures.requests.isEmpty)
    figures.answered(20, bytes: 1000, at: at(1))
    #expect(figures.requests.quantile(0.9, at: at(1)) == 20)
    figures.forget()
    figures.answered(300, bytes: 1000, at: at(2))
    #expect(figures.requests.isEmpty)
  }

  @Test func givenRequestsWhenSomeAreLostThenLossJitterAndBandwidthSaySo() throws {
    var figures = NetworkFigures()
    figures.probed(10, at: at(0))
    for index in 0..<40 {
      figures.answered(index.isMultiple(of: 2) ? 110 : 130, bytes: 125_000, at: at(Double(index) / 20))
    }
    // 1 Mbit in the 100 ms beyond the round trip.
    #expect(abs(try #require(figures.bandwidth) - 10e6) < 1e4)
    #expect(abs(figures.jitterMs - 20) < 2)
    #expect(figures.loss == 0)
    for index in 0..<100 where index.isMultiple(of: 5) {
      figures.lost(after: 500, at: at(2 + Double(index) / 20))
      for later in 1..<5 { figures.answered(120, bytes: 125_000, at: at(2 + Double(index + later) / 20)) }
    }
    #expect(abs(figures.loss - 0.2) < 0.06)
  }
}

struct CircuitBreakerTests {
  @Test func givenThreeFailuresInARowWhenTheTimeHasComeThenOneRequestDecides() {
    var breaker = CircuitBreaker()
    let failures = (0..<3).map { breaker.failed(since: at(Double($0)), at: at(Double($0) + 0.5), isFinal: false) }
    #expect(failures == [false, false, true])
    #expect(breaker.since == at(0))
    #expect(breaker.takes() == false)
    #expect(!breaker.isDue(at: at(2.9)))
    #expect(breaker.isDue(at: at(3)))
    breaker.allowTrial()
    #expect(breaker.takes() == true)
    #expect(breaker.takes() == false)
    #expect(breaker.succeeded() == true)
    #expect(breaker.state == .closed)
    #expect(breaker.takes() == true)
    #expect(breaker.takes() == true)
  }

  @Test(arguments: [(10.0, 10.0), (0.1, 0.5), (7200, 60)])
  func givenAServerThatAsksToBeLeftAloneWhenItSaysForHowLongThenItGetsNothingUntilThen(asked: Double, kept: Double) {
    var breaker = CircuitBreaker()
    #expect(breaker.failed(since: at(0), at: at(0), isFinal: false, pauseS: asked) == true)
    #expect(breaker.takes() == false)
    #expect(!breaker.isDue(at: at(kept - 0.1)))
    #expect(breaker.isDue(at: at(kept)))
  }

  @Test func givenAnAnswerInBetweenWhenFailuresAreCountedThenTheyBeginAnew() {
    var breaker = CircuitBreaker()
    for _ in 0..<10 {
      for _ in 0..<2 { #expect(breaker.failed(since: at(0), at: at(0), isFinal: false) == false) }
      #expect(breaker.succeeded() == false)
    }
  }

  @Test func givenTrialsThatFailWhenPutOffThenNeverLongerThanTheLongestTime() {
    var breaker = CircuitBreaker()
    #expect(breaker.failed(since: at(0), at: at(0), isFinal: true) == true)
    var now = at(0)
    for _ in 0..<20 {
      now = now.advanced(byMilliseconds: 4000)
      #expect(breaker.isDue(at: now))
      breaker.allowTrial()
      #expect(breaker.takes() == true)
      #expect(breaker.failed(since: now, at: now, isFinal: false) == false)
    }
    #expect(breaker.openings == 1)
  }
}

struct InFlightLimitTests {
  /// A server that does one request in 10 ms, with places for more: what waits takes longer.
  @Test(arguments: [1, 2, 8]) func givenAServerOfSomeWidthWhenAskedThenTheLimitSettlesAboveItsWidth(width: Int) {
    var limit = InFlightLimit(most: 64), largest = 0
    for step in 0..<2000 {
      let waits = Double(max(0, limit.limit - width)) / Double(width)
      limit.answered(10 * (1 + waits), inFlight: limit.limit, at: at(Double(step) / 1000))
      if step > 1000 { largest = max(largest, limit.limit) }
    }
    #expect(limit.limit >= width)
    #expect(largest <= width + 5)
  }

  @Test func givenAMachineThatIsBusyItselfWhenAnswersTakeLongerThenTheLimitStays() {
    var limit = InFlightLimit(most: 16)
    limit.answered(10, inFlight: 1, at: at(0))
    for step in 1..<100 { limit.answered(500, inFlight: 8, isSaturated: true, at: at(Double(step) / 100)) }
    #expect(limit.limit == 4)
    for step in 100..<120 { limit.answered(500, inFlight: 8, at: at(Double(step) / 100)) }
    #expect(limit.limit < 4)
  }

  @Test func givenFailuresWhenTheyGoOnThenOneRequestStaysPossible() {
    var limit = InFlightLimit(most: 16)
    for _ in 0..<10 { limit.failed() }
    #expect(limit.limit == 1)
  }
}

struct ByteBudgetTests {
  @Test func givenABudgetWhenItIsSpentThenItComesBackAsTheHourGoes() {
    var budget = ByteBudget(perHour: 3_600_000)
    #expect(budget.allows(600_000, at: at(0)) == true)
    budget.spend(600_000)
    #expect(budget.allows(1000, at: at(0.5)) == false)
    #expect(budget.allows(1000, at: at(1.5)) == true)
    // No more than ten minutes' worth is saved up.
    #expect(budget.allows(600_000, at: at(7200)) == true)
    budget.spend(600_000)
    #expect(budget.allows(1000, at: at(7200)) == false)
  }

  @Test func givenARequestLargerThanWhatIsSavedUpWhenTimePassesThenItIsAllowedOnce() {
    var budget = ByteBudget(perHour: 1000)
    #expect(budget.allows(900, at: at(0)) == false)
    #expect(budget.allows(900, at: at(3600)) == true)
    budget.spend(900)
    #expect(budget.allows(900, at: at(3601)) == false)
  }

  @Test func givenNoLimitWhenAskedThenAnythingIsAllowed() {
    var budget = ByteBudget(perHour: 0)
    budget.spend(1 << 40)
    #expect(budget.allows(1 << 40, at: at(0)) == true)
  }
}
