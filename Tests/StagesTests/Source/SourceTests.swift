import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

struct SourceTests {
  @Test func givenStampsWithGapsAndJumps_whenPlaced_thenTimesStartAtZeroAndRise() {
    var timeline = FrameTimeline(frameRate: 10)
    let stamps: [Double?] = [5, 5.1, nil, 5.3, 5.3, 100, 2, 2.1, nil]
    let times = stamps.map { timeline.next($0.map(MediaTime.init(seconds:))).seconds }
    // Missing: one frame on. Equal: nudged by 1 µs. Back by more than a second: counted on from the last frame.
    let expected = [0, 0.1, 0.2, 0.3, 0.300001, 95, 95.1, 95.2, 95.3]
    #expect(zip(times, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(times)")
  }

  @Test func givenExtremeStamps_whenPlaced_thenNothingOverflows() {
    var timeline = FrameTimeline(frameRate: .nan)
    var last = timeline.next(MediaTime(nanoseconds: .min))
    for stamp in [Int64.max, .min, 0, .max, .max] {
      let time = timeline.next(MediaTime(nanoseconds: stamp))
      #expect(time > last)
      last = time
    }
  }

  @Test(
    .enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"),
    arguments: [
      ("stated.h264", [], "by the stated rate of 10 frames/s", 0.1),
      ("silent.mjpeg", ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p"], "by an assumed rate of 25 frames/s", 0.04),
      ("stamped.mp4", [], nil, 0.1),
    ] as [(String, [String], String?, Double?)])
  func givenAFileWithoutTimes_whenRead_thenTheReportSaysWhichRateItHas(
    name: String, options: [String], times: String?, interval: Double?
  ) throws {
    let path = try MediaFixtures.make(
      name, ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10:duration=1", "-pix_fmt", "yuv420p"] + options)
    let output = RecordingOutput()
    let source = try FFmpegSource(.init(url: path), context: MediaFixtures.context("camera"))
    try source.run(try #require(source.streams.first), output)
    #expect(source.facts["times"] == times.map { .string($0) })
    let seconds = output.frames.map(\.header.mediaTime.seconds)
    #expect(seconds.count == 10)
    if let interval {
      #expect(zip(seconds, seconds.dropFirst()).allSatisfy { abs($1 - $0 - interval) < 1e-3 }, "\(seconds)")
    }
  }

  @Test func givenFramesOutOfOrder_whenAsked_thenTheInstantIsThatOfTheirOwnPacket() {
    let clock = ManualClock()
    var log = CaptureLog()
    var instants: [Int64: MonotonicTime] = [:]
    for key in Int64(0)..<200 {
      clock.advance(milliseconds: 1)
      let instant = CaptureInstant(clock)
      log.record(key, instant)
      instants[key] = instant.monotonic
    }
    #expect(log.instant(of: 199)?.monotonic == instants[199])
    #expect(log.instant(of: 140)?.monotonic == instants[140])
    #expect(log.instant(of: 3) == nil)
    #expect(log.instant(of: nil) == nil)
  }

  @Test(arguments: [
    ("rtsp://cam/1", true), ("RTSPS://cam/1", true), ("rtmp://cam/1", true), ("http://cam/video.mjpg", true),
    ("https://cam/live.m3u8?token=a.mp4", true), ("https://host/clip.mp4?x=1", false), ("/dev/video0", true),
    ("clip.mp4", false), ("file:///tmp/clip.mp4", false), ("a:b.mp4", false), ("tcp://cam:8000", true), ("-", false),
    ("file:///dev/video0", true),
  ])
  func givenAnAddress_thenItLooksLiveOrNot(_ url: String, _ isLive: Bool) {
    #expect(MediaInput.looksLive(url) == isLive)
  }

  @Test func givenNumberedNames_whenSorted_thenNumbersCount() {
    let names = ["p10.jpg", "p2.jpg", "p1.jpg", "a.png"].map { BytePath($0) }
    #expect(PictureList.ordered(names).map(\.text) == ["a.png", "p1.jpg", "p2.jpg", "p10.jpg"])
  }

  @Test func givenJSON_whenDecoded_thenDefaultsAreThoseOfTheSchema() throws {
    let decoded = try JSONDecoder().decode(FFmpegSource.Configuration.self, from: Data(#"{"url":"a.mp4"}"#.utf8))
    #expect(decoded.threads == 1 && decoded.realtime == false && decoded.transport == .auto && decoded.timeoutS == 10)
    #expect(decoded.maxFrames == nil && decoded.stream == nil)
  }

  @Test(.enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"))
  func givenRealtime_whenRead_thenPacketsWaitForTheirTime() throws {
    let clock = ManualClock()
    let output = try MediaFixtures.run(try MediaFixtures.path("plain.mp4"), clock: clock) { $0.realtime = true }
    let start = clock.now()
    // The clock stands still, so each packet but the first must ask to wait for its own time, 40 ms a frame.
    let expected = (1..<50).map { start.advanced(byMilliseconds: Double($0) * 40).nanoseconds }
    #expect(output.waits.count == 49)
    #expect(zip(output.waits, expected).allSatisfy { abs($0.nanoseconds - $1) < 1_000_000 })
  }

  @Test(.enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"))
  func givenAFolder_whenRead_thenEveryPictureComesByNameAndTheUnreadableOneIsCounted() throws {
    let folder = try MediaFixtures.emptyFolder()
    let pictures = [
      ("p1.png", "40x30"), ("p2.jpg", "64x48"), ("p10.bmp", "33x21"), ("p11.tif", "1x1"), ("p%03d.png", "20x20"),
    ]
    for (name, size) in pictures {
      let made = try MediaFixtures.picture("folder-\(size).\(name.suffix(3))", size)
      try FileManager.default.copyItem(atPath: made, toPath: folder.appendingPathComponent(name).path)
    }
    try Data("no picture".utf8).write(to: folder.appendingPathComponent("p5.jpg"))
    let output = try MediaFixtures.run(folder.path)
    let headers = output.frames.map(\.header)
    #expect(headers.map(\.source) == ["p%03d.png", "p1.png", "p2.jpg", "p10.bmp", "p11.tif"])
    #expect(headers.map(\.width) == [20, 40, 64, 33, 1])
    #expect(headers.map(\.sequence) == [0, 1, 2, 3, 4])
    // One second each, by the place in the folder: the unreadable one keeps its second.
    #expect(headers.map(\.mediaTime.seconds) == [0, 1, 2, 4, 5])
    #expect(output.counts == ["unreadable_pictures": 1])
  }
}
