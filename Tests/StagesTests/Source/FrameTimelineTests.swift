@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Stages

/// A time line by reference, so that expectations can ask it.
private final class Timeline {
  private var timeline = FrameTimeline(frameRate: 25)
  var discontinuity: Int { timeline.discontinuity }
  func next(_ stamp: MediaTime?) -> MediaTime { timeline.next(stamp) }
}

struct FrameTimelineTests {
  private func seconds(_ value: Double) -> MediaTime { MediaTime(seconds: value) }

  @Test func givenAFileWithAGap_whenRead_thenItsOwnTimesHoldAndBreakOnce() {
    let timeline = Timeline()
    _ = timeline.next(seconds(0))
    #expect(timeline.next(seconds(60)).seconds == 60)
    #expect(timeline.next(seconds(60.04)).seconds == 60.04)
    #expect(timeline.discontinuity == 1)
  }

  // Whatever the stamps do, the times rise, and every break is counted at most once a frame.
  @Test(arguments: [UInt64](1...25))
  func givenAnyStamps_whenRead_thenTimesRise(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var timeline = FrameTimeline(frameRate: [nil, 0, 25, 1e9, .nan].randomElement(using: &random) ?? nil)
    var stamp: Int64 = 0
    var last: MediaTime?
    var lastBreak = 0
    for _ in 0..<2000 {
      stamp.turnOddly(using: &random)
      let isMissing = Int.random(in: 0..<10, using: &random) == 0
      let time = timeline.next(isMissing ? nil : MediaTime(nanoseconds: stamp))
      if let last { #expect(time > last) }
      #expect(timeline.discontinuity == lastBreak || timeline.discontinuity == lastBreak + 1)
      last = time
      lastBreak = timeline.discontinuity
    }
  }
}

extension Int64 {
  /// The next stamp of a clock that does anything now and then.
  mutating func turnOddly(using random: inout SplitMix64) {
    switch Int.random(in: 0..<20, using: &random) {
    case 0: self = Int64.random(in: .min ... .max, using: &random)
    case 1: self = [.max, .min, 0].randomElement(using: &random) ?? 0
    case 2: self = self &- Int64.random(in: 0...3_000_000_000, using: &random)
    case 3: break
    default: self = self &+ 40_000_000
    }
  }
}
