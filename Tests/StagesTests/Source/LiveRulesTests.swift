@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Pipeline
@testable import Stages

/// A camera of five frames a second whose stamps are of no use, or say something else now and then.
enum OddClock: String, CaseIterable, CustomTestStringConvertible {
  case none, madeUp, standsStill, repeats, jittersBack, changesItsKind, wholeSeconds

  var testDescription: String { rawValue }

  /// The stamp of a frame, in seconds; nil where it has none.
  fileprivate func stamp(_ frame: Int) -> Double? {
    let time = Double(frame) * OddClock.interval
    return switch self {
    case .none: nil
    case .madeUp: Double(frame) / 25
    case .standsStill: 1000
    case .repeats: frame % 5 == 4 ? time - OddClock.interval : time
    case .jittersBack: frame % 5 == 4 ? time - OddClock.interval - 0.03 : time
    case .changesItsKind: frame < 60 ? time : 1_767_225_600 + time
    case .wholeSeconds: time.rounded(.down)
    }
  }

  static let interval = 0.2

  /// The media times of so many frames, in seconds, and how often the time line had broken.
  func times(_ count: Int) -> [(seconds: Double, discontinuity: Int)] {
    var timeline = LiveTimeline()
    timeline.connected(
      frameRate: self == .none || self == .madeUp ? nil : 5, hasStamps: self != .none && self != .madeUp)
    return (0..<count).map { frame in
      let arrival = MonotonicTime(nanoseconds: Int64((50 + Double(frame) * OddClock.interval) * 1e9))
      let time = timeline.next(stamp(frame).map(MediaTime.init(seconds:)), arrival: arrival)
      return (time.seconds, timeline.discontinuity)
    }
  }

  /// How far a time may be from the true one: a frame and a half; of a clock of whole seconds the second before it is known.
  var tolerance: Double { self == .wholeSeconds ? 1.1 : 0.3 }
}

/// Every rule in seconds counts real seconds, whatever the camera's clock says.
struct LiveRulesTests {
  private static let count = 200

  @Test(arguments: OddClock.allCases) func givenAThingThatStays_whenItDwells_thenToldAfterRealSeconds(clock: OddClock)
    throws
  {
    var configuration = ZonesStage.Configuration(zones: [
      .init(name: "yard", points: [[0, 0], [999, 0], [999, 999], [0, 999]])
    ])
    configuration.dwellS = 5
    let fixture = try AnalyticsFixture(ZonesStage(configuration, context: SinkFixture.context("zones")))
    var told: Int?
    // Before the clock changes its kind, which is a break of the time line, and trackers begin anew.
    for (frame, time) in clock.times(60).enumerated() {
      let events = try fixture.show([.init(track: 1, x: 500, y: 500)], at: time.seconds)
      if told == nil, events.contains(where: { $0.kind == "zone.dwell" }) { told = frame }
    }
    let seconds = Double(try #require(told)) * OddClock.interval
    #expect(abs(seconds - 5) <= clock.tolerance + OddClock.interval, "\(seconds)")
  }

  @Test(arguments: OddClock.allCases) func givenARate_whenGated_thenSoManyLooksARealSecond(clock: OddClock) {
    var gate = DetectionGate(GateSettings(maxRate: 1))
    let looks = clock.times(Self.count).enumerated().count {
      gate.opens(for: header($0.offset, $0.element.seconds)) { nil }
    }
    // 40 s of one look a second; frames come on the beat or just behind it.
    #expect((32...41).contains(looks), "\(looks)")
  }

  @Test(arguments: OddClock.allCases) func givenAStillScene_whenGatedByMotion_thenKeptAliveInRealSeconds(
    clock: OddClock
  ) {
    var motion = GateSettings.MotionSettings()
    motion.settleS = 0.1
    motion.keepAliveS = 4
    var gate = DetectionGate(GateSettings(motion: motion))
    let still = LumaGrid(cells: [Float](repeating: 90, count: LumaGrid.columns * LumaGrid.rows))
    let looks = clock.times(Self.count).enumerated().filter {
      gate.opens(for: header($0.offset, $0.element.seconds)) { still }
    }
    #expect((8...11).contains(looks.count), "\(looks.map(\.offset))")
  }

  @Test(arguments: OddClock.allCases, [(1.2, false), (3.5, true)])
  func givenAThingThatIsGoneForTwoSeconds_whenTracked_thenTheGapCountsRealSeconds(
    clock: OddClock, gap: (maxS: Double, survives: Bool)
  ) throws {
    var configuration = SortStage.Configuration()
    configuration.maxGapS = gap.maxS
    let fixture = try TrackFixture(configuration)
    let box = [SinkFixture.detection(x: 400, y: 300)]
    var ids: [Int?] = []
    // Unseen for ten frames, before the clock changes its kind.
    for (frame, time) in clock.times(55).enumerated() {
      ids += try fixture.ids(frame, (30..<40).contains(frame) ? [] : box, seconds: time.seconds)
    }
    let before = try #require(ids[29]), after = try #require(ids.last ?? nil)
    #expect((before == after) == gap.survives, "\(before), \(after)")
  }

  @Test(arguments: OddClock.allCases) func givenSnapshotsEveryFewSeconds_whenWritten_thenRealSeconds(clock: OddClock)
    throws
  {
    let folder = try TestData.temporaryFolder("live-every")
    defer { try? FileManager.default.removeItem(at: folder) }
    var configuration = SnapshotSink.Configuration(folder: folder.path)
    configuration.everyS = 5
    let sink = try SnapshotSink(configuration, context: SinkFixture.context("pictures"))
    let worker = try sink.makeWorker(WorkerContext(index: 0, workerCount: 1))
    let picture = try SinkFixture.picture(width: 64, height: 48)
    for (frame, time) in clock.times(Self.count).enumerated() {
      _ = try worker.process(
        SinkFixture.frame(
          frame, seconds: time.seconds, width: 64, height: 48, image: picture, discontinuity: time.discontinuity))
    }
    try worker.finish()
    let pictures = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".jpg") }
    #expect((7...9).contains(pictures.count), "\(pictures.count) in 40 s")
  }

  @Test(.enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"), arguments: OddClock.allCases)
  func givenAVideo_whenWritten_thenItLastsAsLongAsReally(clock: OddClock) throws {
    let folder = try TestData.temporaryFolder("live-video")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/a.mp4"
    let sink = try VideoSink(.init(path: path), context: SinkFixture.context("video"))
    let worker = sink.makeWorker(WorkerContext(index: 0, workerCount: 1))
    for (frame, time) in clock.times(100).enumerated() {
      let picture = try SinkFixture.picture(width: 64, height: 48, phase: frame)
      _ = try worker.process(
        SinkFixture.frame(
          frame, seconds: time.seconds, width: 64, height: 48, image: picture, discontinuity: time.discontinuity))
    }
    try worker.finish()
    #expect(try SinkFixture.frameCount(path) == 100)
    let times = try SinkFixture.ffprobe([
      "-select_streams", "v:0", "-show_entries", "frame=pts_time", "-of", "csv=p=0", path,
    ])
    .split(whereSeparator: { $0 == "\n" || $0 == "," }).compactMap { Double($0) }
    let first = try #require(times.first), length = try #require(times.last) - first
    #expect(abs(length - 99 * OddClock.interval) <= clock.tolerance, "\(length)")
  }

  private func header(_ sequence: Int, _ seconds: Double) -> FrameHeader {
    SinkFixture.frame(sequence, seconds: seconds).header
  }
}
