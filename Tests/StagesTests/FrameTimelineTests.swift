import Pipeline
import PipelineTestSupport
import Testing

@testable import Stages

/// A time line by reference, so that expectations can ask it.
private final class Timeline {
  private var timeline: FrameTimeline
  init(frameRate: Double?, isLive: Bool = false) { timeline = FrameTimeline(frameRate: frameRate, isLive: isLive) }
  var discontinuity: Int { timeline.discontinuity }
  func reconnected(frameRate: Double?) { timeline.reconnected(frameRate: frameRate) }
  func next(_ stamp: MediaTime?, captured: MonotonicTime? = nil) -> MediaTime { timeline.next(stamp, captured: captured) }
}

struct FrameTimelineTests {
  private func seconds(_ value: Double) -> MediaTime { MediaTime(seconds: value) }
  private func at(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(seconds * 1e9)) }

  @Test func givenANewConnection_whenItsClockStartsAnew_thenTimeGoesOnByTheTimeThatPassed() {
    let timeline = Timeline(frameRate: 25, isLive: true)
    timeline.reconnected(frameRate: 25)
    #expect(timeline.next(seconds(1000), captured: at(50)).seconds == 0)
    #expect(timeline.next(seconds(1000.04), captured: at(50.04)).seconds == 0.04)
    #expect(timeline.discontinuity == 0, "the first connection breaks nothing")
    timeline.reconnected(frameRate: 10)
    #expect(timeline.next(seconds(3), captured: at(57.04)).seconds == 7.04)
    #expect(timeline.next(seconds(3.1), captured: at(57.14)).seconds == 7.14)
    #expect(timeline.discontinuity == 1)
  }

  @Test func givenSeveralConnectionsWithoutAFrame_whenOneComes_thenOneDiscontinuity() {
    let timeline = Timeline(frameRate: 25, isLive: true)
    _ = timeline.next(seconds(0), captured: at(0))
    for _ in 0..<5 { timeline.reconnected(frameRate: 25) }
    _ = timeline.next(seconds(500), captured: at(9))
    #expect(timeline.discontinuity == 1, "also when the stamps jump at the same time")
  }

  @Test func givenALiveClockThatJumpsAhead_whenRead_thenTimeStaysTrueAndBreaksOnce() {
    let timeline = Timeline(frameRate: 25, isLive: true)
    _ = timeline.next(seconds(0), captured: at(0))
    #expect(timeline.next(seconds(3600), captured: at(0.04)).seconds == 0.04)
    #expect(abs(timeline.next(seconds(3600.04), captured: at(0.08)).seconds - 0.08) < 1e-6)
    #expect(timeline.discontinuity == 1)
  }

  @Test func givenAFileWithAGap_whenRead_thenItsOwnTimesHoldAndBreakOnce() {
    let timeline = Timeline(frameRate: 25)
    _ = timeline.next(seconds(0))
    #expect(timeline.next(seconds(60)).seconds == 60)
    #expect(timeline.next(seconds(60.04)).seconds == 60.04)
    #expect(timeline.discontinuity == 1)
  }

  @Test func givenAClockThatGoesBack_whenRead_thenTimeRisesAndBreaksOnce() {
    let timeline = Timeline(frameRate: 25, isLive: true)
    for index in 0..<10 { _ = timeline.next(seconds(Double(index) * 0.04), captured: at(Double(index) * 0.04)) }
    #expect(timeline.next(seconds(-100), captured: at(0.4)).seconds == 0.4)
    #expect(timeline.discontinuity == 1)
    #expect(timeline.next(seconds(-99.96), captured: at(0.44)).seconds == 0.44)
    #expect(timeline.discontinuity == 1)
  }

  // Whatever the stamps do, the times rise, and every break is counted at most once a frame.
  @Test(arguments: [UInt64](1...50))
  func givenAnyStamps_whenRead_thenTimesRise(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let isLive = Bool.random(using: &random)
    let timeline = Timeline(frameRate: [nil, 0, 25, 1e9, .nan].randomElement(using: &random) ?? nil, isLive: isLive)
    var stamp: Int64 = 0, captured: Int64 = 0
    var last: MediaTime?
    var lastBreak = 0
    for _ in 0..<2000 {
      switch Int.random(in: 0..<20, using: &random) {
      case 0: stamp = Int64.random(in: .min ... .max, using: &random)
      case 1: stamp = [.max, .min, 0].randomElement(using: &random) ?? 0
      case 2: stamp = stamp &- Int64.random(in: 0...3_000_000_000, using: &random)
      case 3: timeline.reconnected(frameRate: 30)
      default: stamp = stamp &+ 40_000_000
      }
      captured += Int64.random(in: 0...100_000_000, using: &random)
      let isMissing = Int.random(in: 0..<10, using: &random) == 0
      let time = timeline.next(
        isMissing ? nil : MediaTime(nanoseconds: stamp), captured: MonotonicTime(nanoseconds: captured))
      if let last { #expect(time > last) }
      #expect(timeline.discontinuity == lastBreak || timeline.discontinuity == lastBreak + 1)
      last = time
      lastBreak = timeline.discontinuity
    }
  }
}
