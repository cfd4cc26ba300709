@testable import EdgepipeCore
import Testing

@testable import Stages

@Suite struct TrackMOTTests {
  @Test func `given a sequence that was worked out by hand when measured then the metrics are the known ones`() {
    func box(_ x: Float) -> Box { Box(x: x, y: 0, width: 10, height: 10) }
    var metrics = MOTMetrics()
    // Two things, four frames. Track 1 follows the first, is lost in frame 2 and comes back as track 3; track 2 follows
    // the second and has a false alarm, track 9, beside it in the last frame. Track 3 is 4 pixels off: IoU 0.43, a miss.
    metrics.add(truth: [(0, box(0)), (1, box(100))], tracks: [(1, box(1)), (2, box(100))])
    metrics.add(truth: [(0, box(0)), (1, box(100))], tracks: [(1, box(0)), (2, box(100))])
    metrics.add(truth: [(0, box(0)), (1, box(100))], tracks: [(3, box(4)), (2, box(100))])
    metrics.add(truth: [(0, box(0)), (1, box(100))], tracks: [(3, box(0)), (2, box(102)), (9, box(101))])
    #expect(metrics.truths == 8 && metrics.misses == 1 && metrics.falseAlarms == 2 && metrics.switches == 1)
    #expect(metrics.mota == 0.5)
    // Track 1 agrees with the first in 2 frames, track 2 with the second in 4: 2 x 6 / (8 + 9).
    #expect(abs(metrics.idf1 - 12.0 / 17) < 1e-12)
  }

  /// What a ByteTrack must reach on the crowded scene, and a tracker that lacks a part of it does not.
  private static func isGood(_ metrics: MOTMetrics) -> Bool {
    metrics.mota >= 0.95 && metrics.idf1 >= 0.93 && metrics.switches <= 2
  }

  @Test(arguments: 1...5)
  func `given crossings and fading and false alarms when tracked then ids hold`(seed: UInt64) throws {
    let metrics = try TrackFixture(ByteTrackStage.Configuration()).metrics(TrackScene(seed: seed))
    #expect(Self.isGood(metrics), "\(metrics)")
  }

  @Test(arguments: 1...3)
  func `given the same scene when a part of ByteTrack is missing then the bounds are missed`(seed: UInt64) throws {
    let scene = TrackScene(seed: seed)
    var oneRound = ByteTrackStage.Configuration()
    oneRound.lowScore = oneRound.highScore
    let withoutSecondRound = try TrackFixture(oneRound).metrics(scene)
    let sortOfHigh = try TrackFixture(.sort).metrics(scene, score: 0.5)
    let sortOfAll = try TrackFixture(.sort).metrics(scene)
    // What scores low is missed, and has another number when it is back.
    for metrics in [withoutSecondRound, sortOfHigh] {
      #expect(metrics.mota <= 0.8 && metrics.idf1 <= 0.65 && metrics.switches >= 10, "\(metrics)")
    }
    // Low scores that are taken for full give every standing false alarm a number.
    #expect(sortOfAll.mota <= 0.5 && sortOfAll.idf1 <= 0.8, "\(sortOfAll)")
    for metrics in [withoutSecondRound, sortOfHigh, sortOfAll] { #expect(!Self.isGood(metrics), "\(metrics)") }
  }
}
