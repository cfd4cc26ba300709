@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Stages

/// A time line by reference, so that expectations can ask it. All in seconds.
private final class Timeline {
  private var timeline = LiveTimeline(frameRate: 25)
  var discontinuity: Int { timeline.discontinuity }
  var isByArrival: Bool { timeline.isByArrival }
  func connected(hasStamps: Bool = true, continues: Bool = false) {
    timeline.connected(frameRate: nil, hasStamps: hasStamps, continues: continues)
  }
  func next(_ stamp: Double?, at arrival: Double) -> Double {
    timeline.next(stamp.map(MediaTime.init(seconds:)), arrival: MonotonicTime(nanoseconds: Int64(arrival * 1e9)))
      .seconds
  }
  /// The times of frames with these stamps that come at a steady rate from `start` on.
  func times(_ stamps: [Double?], every interval: Double, from start: Double = 100) -> [Double] {
    stamps.enumerated().map { next($1, at: start + Double($0) * interval) }
  }
}

/// The largest difference of two rows of times.
private func difference(_ times: [Double], _ expected: [Double]) -> Double {
  zip(times, expected).map { abs($0 - $1) }.max() ?? .infinity
}

private func rises(_ times: [Double]) -> Bool { zip(times, times.dropFirst()).allSatisfy { $0 < $1 } }

struct LiveTimelineTests {
  /// The times of `count` frames at a steady rate.
  private func steady(_ count: Int, every interval: Double) -> [Double] { (0..<count).map { Double($0) * interval } }

  // MARK: - Breaks

  @Test func givenANewConnection_whenItsClockStartsAnew_thenTimeGoesOnByTheTimeThatPassed() {
    let timeline = Timeline()
    timeline.connected()
    #expect(timeline.next(1000, at: 50) == 0)
    #expect(timeline.next(1000.04, at: 50.04) == 0.04)
    #expect(timeline.discontinuity == 0, "the first connection breaks nothing")
    timeline.connected()
    #expect(abs(timeline.next(3, at: 57.04) - 7.04) < 1e-6)
    #expect(abs(timeline.next(3.1, at: 57.14) - 7.14) < 1e-6)
    #expect(timeline.discontinuity == 1)
  }

  @Test func givenSeveralConnectionsWithoutAFrame_whenOneComes_thenOneDiscontinuity() {
    let timeline = Timeline()
    _ = timeline.next(0, at: 0)
    for _ in 0..<5 { timeline.connected() }
    _ = timeline.next(500, at: 9)
    #expect(timeline.discontinuity == 1, "also when the stamps jump at the same time")
  }

  // A clock that is set, from the time since power-up to that of the world for instance.
  @Test(arguments: [3600.0, -3600, -23_000, 23_000, 1_767_225_600])
  func givenAClockThatJumps_whenRead_thenTimeStaysTrueAndBreaksOnce(jump: Double) {
    let timeline = Timeline()
    let stamps = steady(100, every: 0.04).enumerated().map { 50_000 + $0.element + ($0.offset < 40 ? 0 : jump) }
    let times = timeline.times(stamps, every: 0.04)
    #expect(difference(times, steady(100, every: 0.04)) < 1e-3)
    #expect(timeline.discontinuity == 1)
    #expect(!timeline.isByArrival)
  }

  @Test func givenSeldomFrames_whenTheirStampsAgreeWithTheTimeThatPassed_thenNothingBreaks() {
    let timeline = Timeline()
    let times = timeline.times(steady(20, every: 15).map { $0 + 7 }, every: 15)
    #expect(difference(times, steady(20, every: 15)) < 1e-3)
    #expect(timeline.discontinuity == 0)
  }

  // MARK: - Without a clock

  @Test(arguments: [0.04, 0.2, 1, 3.3, 15]) func givenNoStamps_whenRead_thenTimesAreThoseOfArrival(interval: Double) {
    let timeline = Timeline()
    // The reader makes stamps up, at a rate of its own.
    timeline.connected(hasStamps: false)
    let times = timeline.times((0..<60).map { Double($0) * 0.04 }, every: interval)
    #expect(difference(times, steady(60, every: interval)) < 1e-3)
    #expect(timeline.discontinuity == 0 && timeline.isByArrival)
  }

  @Test func givenNoStampsAndAPause_whenFramesComeInABurst_thenTheyKeepADistanceAndTimeIsTrueAgain() {
    let timeline = Timeline()
    timeline.connected(hasStamps: false)
    // The network holds frames 50 to 59 back, until 60.
    let times = steady(200, every: 0.1).enumerated().map { index, arrival in
      timeline.next(nil, at: 100 + ((50..<60).contains(index) ? 6 : arrival))
    }
    #expect(rises(times))
    #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 > 0.005 })
    #expect(difference(Array(times.suffix(100)), Array(steady(200, every: 0.1).suffix(100))) < 1e-3)
  }

  @Test func givenSnapshots_whenEachHasAConnectionOfItsOwn_thenNothingBreaks() {
    let timeline = Timeline()
    let times = (0..<20).map { index in
      timeline.connected(hasStamps: false, continues: true)
      return timeline.next(0, at: 100 + Double(index) * 2)
    }
    #expect(difference(times, steady(20, every: 2)) < 1e-3)
    #expect(timeline.discontinuity == 0)
  }

  @Test func givenFirstFramesWithoutStamps_whenTheyComeLater_thenTheyAreFollowed() {
    let timeline = Timeline()
    let stamps: [Double?] = [nil] + steady(200, every: 0.04).map { 500 + $0 }
    #expect(difference(timeline.times(stamps, every: 0.04), steady(201, every: 0.04)) < 1e-3)
    #expect(!timeline.isByArrival && timeline.discontinuity == 0)
  }

  // MARK: - A clock that fails

  @Test(arguments: [0.04, 0.2, 5]) func givenAClockThatStandsStill_whenRead_thenTimesAreSoonThoseOfArrival(
    interval: Double
  ) {
    let timeline = Timeline()
    let times = timeline.times(Array(repeating: 1000, count: 300), every: interval)
    #expect(rises(times))
    #expect(difference(Array(times.dropFirst(4)), Array(steady(300, every: interval).dropFirst(4))) < 1e-3)
    #expect(difference(times, steady(300, every: interval)) < 0.4, "also before it is known")
    #expect(timeline.discontinuity == 0 && timeline.isByArrival)
  }

  @Test func givenAClockThatStandsForAWhile_whenItRunsAgain_thenItIsFollowedAgain() {
    let timeline = Timeline()
    let stands = [Double](repeating: 4, count: 200)
    let stamps = steady(100, every: 0.04) + stands + steady(300, every: 0.04).map { 4 + $0 }
    let times = timeline.times(stamps, every: 0.04)
    #expect(difference(times, steady(600, every: 0.04)) < 0.1)
    #expect(!timeline.isByArrival && timeline.discontinuity == 0)
  }

  @Test(arguments: [2, 10, 25]) func givenAStampTwiceNowAndThen_whenRead_thenTimesRiseAndStayTrue(every n: Int) {
    let timeline = Timeline()
    let stamps = (0..<500).map { Double($0 % n == n - 1 ? $0 - 1 : $0) * 0.04 }
    let times = timeline.times(stamps, every: 0.04)
    #expect(rises(times))
    #expect(difference(times, steady(500, every: 0.04)) < 0.041)
    #expect(timeline.discontinuity == 0 && !timeline.isByArrival)
    // A frame with the stamp of the one before is well behind it: rates and trackers see a distance.
    #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 > 0.015 })
  }

  @Test(arguments: [5.0, 15, 40, 90, 400]) func givenAClockThatJittersBack_whenRead_thenTimesRiseAndStayTrue(
    milliseconds: Double
  ) {
    let timeline = Timeline()
    let back = 0.04 + milliseconds / 1000
    let stamps = steady(500, every: 0.04).enumerated().map { $0.offset % 7 == 6 ? $0.element - back : $0.element }
    let times = timeline.times(stamps, every: 0.04)
    #expect(rises(times))
    #expect(difference(times, steady(500, every: 0.04)) < 0.05)
    #expect(timeline.discontinuity == 0)
  }

  // A clock of whole seconds, and one that is set back by less than a break.
  @Test func givenAClockOfWholeSeconds_whenRead_thenTimesStayTrue() {
    let timeline = Timeline()
    let times = timeline.times((0..<500).map { (Double($0) * 0.04).rounded(.down) }, every: 0.04)
    #expect(rises(times))
    #expect(difference(times, steady(500, every: 0.04)) < 1.05)
    #expect(difference(Array(times.suffix(400)).map { $0 - times[100] }, steady(400, every: 0.04)) < 0.05)
    #expect(timeline.discontinuity == 0)
  }

  @Test func givenAClockThatIsSetBackByHalfASecond_whenRead_thenTimesStayTrue() {
    let timeline = Timeline()
    let stamps = steady(500, every: 0.04).enumerated().map { $0.element - ($0.offset >= 200 ? 0.5 : 0) }
    let times = timeline.times(stamps, every: 0.04)
    #expect(rises(times))
    #expect(difference(times, steady(500, every: 0.04)) < 0.05)
    #expect(timeline.discontinuity == 0 && !timeline.isByArrival, "five seconds later it is trusted again")
  }

  // Milliseconds where 90,000 ticks a second are meant; 25 frames a second where 5 come; a clock that is 15 % slow.
  @Test(arguments: [1.0 / 90, 5, 0.85, 1.2]) func givenAClockOfAnotherSpeed_whenItIsKnown_thenTimesRunWithRealTime(
    speed: Double
  ) {
    let timeline = Timeline()
    let times = timeline.times((0..<2000).map { Double($0) * 0.04 * speed }, every: 0.04)
    #expect(rises(times))
    #expect(timeline.isByArrival && timeline.discontinuity == 0)
    let late = times.suffix(1000), begin = late.first ?? 0
    #expect(difference(late.map { $0 - begin }, steady(1000, every: 0.04)) < 0.01)
  }

  // MARK: - A clock that is right although frames come at other times

  @Test func givenAStreamInSegments_whenItComesInBursts_thenItsClockIsFollowed() {
    let timeline = Timeline()
    // Four seconds of film come at once, every four seconds.
    let times = steady(2000, every: 0.04).enumerated().map { index, stamp in
      let segment = Double(index / 100) * 4, part = Double(index % 100) * 0.001
      return timeline.next(stamp, at: 100 + segment + part)
    }
    #expect(difference(times, steady(2000, every: 0.04)) < 1e-3)
    #expect(!timeline.isByArrival && timeline.discontinuity == 0)
  }

  @Test func givenANetworkThatStopsForSeconds_whenTheRestComesAtOnce_thenTheClockIsFollowed() {
    let timeline = Timeline()
    let times = steady(1000, every: 0.04).enumerated().map { index, stamp in
      let arrival = (200..<325).contains(index) ? 325 * 0.04 : stamp
      return timeline.next(stamp, at: 100 + arrival)
    }
    #expect(difference(times, steady(1000, every: 0.04)) < 1e-3)
    #expect(!timeline.isByArrival && timeline.discontinuity == 0)
  }

  // Whatever stamps and arrivals do, the times rise, and every break is counted at most once a frame.
  @Test(arguments: [UInt64](1...50))
  func givenAnyStamps_whenRead_thenTimesRise(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var timeline = LiveTimeline(frameRate: [nil, 0, 25, 1e9, .nan].randomElement(using: &random) ?? nil)
    var stamp: Int64 = 0, arrival: Int64 = 0
    var last: MediaTime?
    var lastBreak = 0
    for _ in 0..<2000 {
      stamp.turnOddly(using: &random)
      if Int.random(in: 0..<50, using: &random) == 0 {
        timeline.connected(
          frameRate: [nil, 30, .infinity].randomElement(using: &random) ?? nil, hasStamps: Bool.random(using: &random),
          continues: Bool.random(using: &random))
      }
      arrival += Int64.random(in: 0...100_000_000, using: &random)
      let isMissing = Int.random(in: 0..<10, using: &random) == 0
      let time = timeline.next(
        isMissing ? nil : MediaTime(nanoseconds: stamp), arrival: MonotonicTime(nanoseconds: arrival))
      if let last { #expect(time > last) }
      #expect(timeline.discontinuity == lastBreak || timeline.discontinuity == lastBreak + 1)
      last = time
      lastBreak = timeline.discontinuity
    }
  }
}
