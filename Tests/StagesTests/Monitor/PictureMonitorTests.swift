import CFFmpeg
@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Pipeline
@testable import Stages

@Suite("monitor.picture", .enabled(if: MediaFixtures.areAvailable, "needs ffmpeg"))
struct PictureMonitorTests {
  private static let hall = TestData.file("data/video/one-by-one-person-detection.mp4")
  private static let road = TestData.file("data/video/car-detection.mp4")
  private static let hasClips = hall != nil && road != nil

  private struct Told: Hashable, CustomStringConvertible {
    var kind: String
    var fault: String
    var seconds: Double
    var description: String { "\(kind) \(fault) at \(seconds) s" }
  }

  /// A recording of a hall, two pictures a second, in which the filter is at work from 40 s to 65 s.
  private func film(_ name: String, _ filter: String, of clip: URL?, seconds: Int = 90) throws -> String {
    try MediaFixtures.make(
      "watched-\(name).mp4",
      [
        "-stream_loop", "3", "-i", #require(clip).path, "-an", "-t", "\(seconds)", "-vf",
        "\(filter.replacing("$WHEN", with: "enable='between(t,40,65)'")),fps=2,scale=384:216", "-c:v", "libx264",
        "-preset", "ultrafast", "-crf", "23", "-g", "20", "-pix_fmt", "yuv420p",
      ])
  }

  private func watch(
    _ film: String, _ change: (inout PictureMonitor.Configuration) -> Void = { _ in }
  ) throws -> (told: [Told], events: [FrameEvent], facts: [String: ReportValue]) {
    var configuration = PictureMonitor.Configuration()
    change(&configuration)
    let monitor = try PictureMonitor(configuration, context: SinkFixture.context("watch"))
    let worker = monitor.makeWorker(WorkerContext(index: 0, workerCount: 1))
    var told: [Told] = [], events: [FrameEvent] = []
    for frame in try MediaFixtures.run(film).frames {
      guard case .emit(let result) = try worker.process(frame) else { throw MediaFixtures.Missing(what: "a frame") }
      #expect(result.image != nil, "sinks that come after it show the picture")
      for event in result.events {
        #expect(event.stage == "watch")
        guard case .string(let fault)? = event.fields.first(where: { $0.key == "fault" })?.value else { continue }
        told.append(Told(kind: event.kind, fault: fault, seconds: frame.header.mediaTime.seconds))
        events.append(event)
      }
    }
    return (told, events, monitor.facts)
  }

  static let faults: [(fault: String, filter: String)] = [
    ("covered", "drawbox=x=0:y=0:w=iw:h=ih:color=black:t=fill:$WHEN"),
    ("covered", "drawbox=x=0:y=0:w=iw*0.8:h=ih:color=brown:t=fill:$WHEN"),
    ("blurred", "gblur=sigma=6:$WHEN"), ("dark", "lutyuv=y=16+(val-16)*0.12:$WHEN"),
    ("dark", "eq=brightness=-0.5:$WHEN"), ("bright", "eq=brightness=0.55:$WHEN"),
    ("turned", "rotate=10*PI/180:$WHEN"), ("turned", "hflip=$WHEN"),
  ]

  @Test(
    "given a camera that is covered, blurred, dark, bright or turned, when watched, then it is told once within 30 s, and its end",
    .enabled(if: hasClips, "needs the test data"), arguments: 0..<faults.count)
  func views(index: Int) throws {
    let (fault, filter) = Self.faults[index]
    let told = try watch(film("\(fault)-\(index)", filter, of: Self.hall)).told
    try #require(told.count == 2, "\(told)")
    #expect(told.map(\.kind) == ["fault", "recovered"] && told.allSatisfy { $0.fault == fault }, "\(told)")
    #expect((48...70).contains(told[0].seconds), "8 s after its first sign, at 40 s: \(told)")
    #expect((70...75).contains(told[1].seconds), "5 s after its last sign, at 65 s: \(told)")
  }

  @Test(
    "given a camera whose picture stands still, when watched, then it is told once within 30 s, and its end",
    .enabled(if: hasClips, "needs the test data"))
  func frozen() throws {
    let film = try film("frozen", "select='not(between(t,40,65))'", of: Self.hall)
    let result = try watch(film)
    #expect(result.told.map(\.kind) == ["fault", "recovered"] && result.told.allSatisfy { $0.fault == "frozen" })
    let seconds = result.told.map(\.seconds)
    try #require(seconds.count == 2)
    #expect((54...70).contains(seconds[0]) && (65...72).contains(seconds[1]), "\(seconds)")
    let keys = result.events.map { $0.fields.map(\.key) }
    let begin = ["fault", "since", "figures", "limit", "message"]
    #expect(keys == [begin, ["fault", "since", "seconds", "figures", "limit", "message"]])
  }

  @Test(
    "given clips without a fault, when watched, then nothing is told", .enabled(if: hasClips, "needs the test data"))
  func falseAlarms() throws {
    for (name, clip) in [("hall", Self.hall), ("road", Self.road)] {
      let result = try watch(film("well-\(name)", "null", of: clip, seconds: 110))
      #expect(result.told == [], "\(name)")
      #expect(result.facts["looks"] == .int(220), "\(name)")
    }
  }

  @Test(
    "given daylight that goes in half an hour, when watched, then that is usual",
    .enabled(if: hasClips, "needs the test data"))
  func dusk() throws {
    // From full light to a seventh in half an hour.
    let film = try MediaFixtures.make(
      "watched-dusk.mp4",
      [
        "-i", #require(Self.hall).path, "-an", "-vf",
        "setpts=20*PTS,fps=0.5,scale=160:90,geq=lum='16+(lum(X,Y)-16)*exp(-T/925)':cb=128:cr=128", "-t", "1800", "-c:v",
        "libx264", "-preset", "ultrafast", "-crf", "18", "-pix_fmt", "yuv420p",
      ])
    #expect(try watch(film) { $0.everyMs = 2000 }.told == [])
  }

  @Test(
    "given faults that are not asked for, when they come, then nothing is told of them",
    .enabled(if: hasClips, "needs the test data"))
  func notAsked() throws {
    let film = try film("covered-0", Self.faults[0].filter, of: Self.hall)
    #expect(try watch(film) { $0.faults = ["turned"] }.told.allSatisfy { $0.fault == "turned" })
  }

  @Test(
    "given a camera that was turned on purpose, when its view stays, then it is taken as usual and told",
    .enabled(if: hasClips, "needs the test data"))
  func accepted() throws {
    let film = try film("turned-for-good", "hflip=enable='gte(t,40)'", of: Self.hall)
    let result = try watch(film) { $0.acceptS = 20 }
    #expect(result.told.map(\.kind) == ["fault", "recovered"] && result.told.map(\.fault) == ["turned", "turned"])
    #expect(result.told.last.map { (60...62).contains($0.seconds) } == true, "\(result.told)")
  }

  @Test(
    "given pictures in other formats, when read, then brightness and detail are the same",
    .enabled(if: hasClips, "needs the test data"))
  func formats() throws {
    func read(_ format: String) throws -> GreyPicture {
      let path = try MediaFixtures.make(
        "watched-\(format).mkv",
        [
          "-i", #require(Self.hall).path, "-an", "-frames:v", "1", "-pix_fmt", format, "-c:v",
          format == "nv12" ? "rawvideo" : "ffv1",
        ])
      let grey = GreyPicture()
      let frame = try #require(try MediaFixtures.run(path).frames.first)
      #expect(grey.read(try #require(frame.image as? DecodedPicture)), "\(format)")
      return grey
    }
    let usual = try read("yuv420p")
    for format in ["yuv422p", "nv12", "yuv420p10le", "gray"] {
      let other = try read(format)
      let isGrey = format == "gray"
      // White of 8 bits is 1020 of 1023 in 10: up to 0.7 levels. Grey is full range, in which the same brightness has another number.
      #expect(abs(other.brightness - usual.brightness) < 0.01, "\(format)")
      if !isGrey { #expect(zip(other.small, usual.small).allSatisfy { abs($0 - $1) < 0.8 }, "\(format)") }
    }
  }

  @Test("given a tiny picture, when read, then each cell has the pixel that it lies in")
  func tiny() throws {
    let grey = GreyPicture()
    #expect(grey.read(try SinkFixture.picture(width: 40, height: 30)))
    for column in [0, 40, 80, 159] {
      // A ramp of 16 + x.
      #expect(
        abs(grey.small[45 * GreyPicture.smallColumns + column] - Float(16 + column * 40 / 160)) <= 0.5, "\(column)")
    }
  }

  @Test("given frames without pixels, when watched, then they pass, are counted, and the log says so once")
  func unreadable() throws {
    let log = LogLines()
    let monitor = try PictureMonitor(
      .init(),
      context: StageContext(
        id: "watch", clock: SinkFixture.StillClock(), logger: log.logger(), framesInFlight: 4, threads: ThreadCensus()))
    let worker = monitor.makeWorker(WorkerContext(index: 0, workerCount: 1))
    for index in 0..<60 { _ = try worker.process(SinkFixture.frame(index)) }
    #expect(monitor.facts["unreadable"] != .int(0) && log.all.count == 1)
  }
}
