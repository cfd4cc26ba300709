import EdgepipeCore
import Stages
import Testing

@testable import EdgepipeRemote

struct PlacementRuleTests {
  private typealias Way = PlacementRule.Way

  private func situation(
    _ now: Double = 0, deadlineMs: Double? = nil, edge: Way = Way(usualMs: 10, highMs: 12),
    cloud: Way = Way(width: 4, usualMs: 30, highMs: 40), mustStay: Bool = false, load: Double = 0
  ) -> PlacementRule.Situation {
    PlacementRule.Situation(
      now: at(now), deadline: deadlineMs.map { at(now).advanced(byMilliseconds: $0) }, mustStay: mustStay, edge: edge,
      cloud: cloud, load: load, workers: 8)
  }

  private func choice(_ mode: PlacementMode, _ situation: PlacementRule.Situation) -> PlacementRule.Choice {
    var rule = PlacementRule(mode, timeoutMs: 1000)
    return rule.choose(situation)
  }

  @Test(arguments: PlacementMode.allCases)
  func givenAFrameThatMustStayWhenChosenThenItGoesNowhere(mode: PlacementMode) {
    #expect(choice(mode, situation(mustStay: true)) == (mode == .cloud ? .none : .edge))
  }

  @Test(arguments: PlacementMode.allCases)
  func givenNoServerWhenChosenThenEverythingIsDoneHere(mode: PlacementMode) {
    #expect(choice(mode, situation(cloud: Way(isUsable: false))) == (mode == .cloud ? .none : .edge))
  }

  @Test func givenCloudFirstWhenADeadlineIsNearThenTheAnswerIsWaitedForWhileThisMachineCanStillBeInTime() {
    #expect(choice(.cloudFirst, situation(deadlineMs: 100)) == .cloud(until: at(0.088)))
    #expect(choice(.cloudFirst, situation(deadlineMs: 10)) == .edge)
    #expect(choice(.cloudFirst, situation()) == .cloud(until: at(1)))
    #expect(choice(.cloud, situation(deadlineMs: 100)) == .cloud(until: at(0.1)))
  }

  @Test func givenCloudFirstWhenAnswersTakeTooLongThenOneFrameASecondTriesAgain() {
    var rule = PlacementRule(.cloudFirst, timeoutMs: 1000)
    let slow = Way(usualMs: 500, highMs: 500)
    let choices = (0..<30).map { rule.choose(situation(Double($0) / 10, deadlineMs: 100, cloud: slow)) }
    #expect(choices.count { if case .cloud = $0 { true } else { false } } == 3)
  }

  @Test func givenEdgeFirstWhenThisMachineWouldBeLateThenTheServerGetsTheFrame() {
    let busy = Way(hasRoom: false, waiting: 8, usualMs: 10, highMs: 12)
    #expect(choice(.edgeFirst, situation(deadlineMs: 60, edge: busy)) == .cloud(until: at(0.06)))
    #expect(choice(.edgeFirst, situation(deadlineMs: 60)) == .edge)
    // It would be late there as well.
    #expect(choice(.edgeFirst, situation(deadlineMs: 30, edge: busy)) == .edge)
    #expect(choice(.edgeFirst, situation(edge: busy)) == .edge)
  }

  @Test func givenCloudWhenItIsFullThenTheFrameWaitsForATurnAndNotForever() {
    let full = Way(hasRoom: false, usualMs: 30, highMs: 40)
    #expect(choice(.cloud, situation(cloud: full)) == .wait(until: at(0.05)))
    #expect(choice(.cloud, situation(deadlineMs: 20, cloud: full)) == .wait(until: at(0.02)))
    #expect(choice(.cloud, situation(deadlineMs: 0, cloud: full)) == .none)
  }

  /// Chosen often enough that trials of the other way do not matter.
  private func most(_ situations: (Double) -> PlacementRule.Situation) -> (edge: Int, cloud: Int) {
    var rule = PlacementRule(.route, timeoutMs: 1000), counts = (edge: 0, cloud: 0)
    for step in 0..<100 {
      switch rule.choose(situations(Double(step) / 50)) {
      case .edge: counts.edge += 1
      case .cloud: counts.cloud += 1
      case .wait, .none: break
      }
    }
    return counts
  }

  @Test func givenRouteWhenOneWayIsFasterThenItIsTaken() {
    #expect(most { situation($0) }.edge >= 98)
    #expect(most { situation($0, edge: Way(usualMs: 80, highMs: 90)) }.cloud >= 97)
  }

  @Test func givenRouteWhenThisMachineIsBusyThenTheServerTakesWhatItCan() {
    let busy = Way(hasRoom: false, waiting: 2, usualMs: 20, highMs: 22)
    #expect(most { situation($0, edge: busy) }.cloud >= 97)
    // Much slower: it would hold up the order of the frames.
    #expect(most { situation($0, edge: busy, cloud: Way(width: 4, usualMs: 900, highMs: 900)) }.cloud == 0)
  }

  @Test func givenRouteWhenTheProcessorIsFullThenTheWayWithTheHigherRateIsTaken() {
    // 4 of 30 ms are 133 a second, 1 of 10 ms is 100.
    #expect(most { situation($0, load: 1) }.cloud >= 97)
  }

  @Test func givenRouteAndAFullProcessorWhenInferenceTakesTheTimeOfDecodingThenTheServerIsTakenThoughItIsSlower() {
    // An inference here takes 4 ms; with all that belongs to a frame 8 ms, and 5 without the inference.
    let edge = Way(usualMs: 4, highMs: 5, affordableRate: 125)
    let cloud = Way(width: 4, usualMs: 20, highMs: 24, affordableRate: 200)
    #expect(most { situation($0, edge: edge, cloud: cloud, load: 1) }.cloud >= 97)
    #expect(most { situation($0, edge: edge, cloud: cloud, load: 0.5) }.edge >= 97)
  }

  @Test func givenRouteWhenTwoAnswersAreKnownThenTrialsFollowSoonAndLaterOnceASecond() {
    var rule = PlacementRule(.route, timeoutMs: 1000), trials = 0
    for step in 0..<100 {
      var situation = situation(Double(step) / 100)
      situation.cloud.isNew = trials < 3
      if rule.takesTrial(situation) { trials += 1 }
    }
    #expect(trials == 3)
  }

  @Test func givenRouteAndAFullProcessorWhenTheFasterServerIsFullThenTheFrameWaitsForItWhileTheProcessorStaysFull() {
    let full = Way(hasRoom: false, width: 4, usualMs: 10, highMs: 14)
    var rule = PlacementRule(.route, timeoutMs: 1000)
    _ = rule.choose(situation(cloud: full, load: 1))
    #expect(rule.choose(situation(0.01, cloud: full, load: 1)) == .wait(until: at(0.06)))
    #expect(rule.choose(situation(0.7, cloud: full, load: 0.95)) == .wait(until: at(0.75)))
    #expect(rule.choose(situation(1.4, cloud: full, load: 0.4)) == .edge)
  }

  @Test func givenRouteWhenNothingIsKnownOfServersThenACopyIsTriedOnceASecond() {
    var rule = PlacementRule(.route, timeoutMs: 1000), trials = 0
    for step in 0..<100 {
      let situation = situation(Double(step) / 20, cloud: Way(width: 4))
      #expect(rule.choose(situation) == .edge)
      if rule.takesTrial(situation) { trials += 1 }
    }
    #expect(trials == 5)
  }

  @Test func givenTwoWaysThatAreNearlyEqualWhenTheyTakeTurnsThenThePreferenceStays() {
    var rule = PlacementRule(.route, timeoutMs: 1000)
    for step in 0..<200 {
      let noise = step.isMultiple(of: 2) ? 0.95 : 1.05
      _ = rule.choose(
        situation(
          Double(step) / 100, edge: Way(usualMs: 30, highMs: 30), cloud: Way(usualMs: 30, highMs: 30 * noise)))
    }
    #expect(rule.changes <= 1)
  }
}
