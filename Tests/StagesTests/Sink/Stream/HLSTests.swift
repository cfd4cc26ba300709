import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Pipeline
@testable import Stages

@Suite("Live output: HLS")
struct HLSTests {
  private static let isReady = MediaFixtures.areAvailable

  private func names(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  private func playlist(_ folder: URL) throws -> [String] {
    try String(contentsOf: folder.appendingPathComponent("index.m3u8"), encoding: .utf8).split(separator: "\n").map(
      String.init)
  }

  private func segments(_ playlist: [String]) -> [String] { playlist.filter { !$0.hasPrefix("#") } }

  @Test(
    "given four seconds of pictures, when they are written, then ffprobe finds each, in segments of one second",
    .enabled(if: isReady, "needs ffmpeg and ffprobe"))
  func whole() throws {
    let folder = try TestData.temporaryFolder("hls")
    defer { try? FileManager.default.removeItem(at: folder) }
    let sink = try StreamFixture.run(.init(to: folder.path + "/{stream}"), StreamFixture.frames(count: 100))
    let place = folder.appendingPathComponent("camera"), list = try playlist(place)
    #expect(list.first == "#EXTM3U" && list.last == "#EXT-X-ENDLIST")
    #expect(list.contains("#EXT-X-TARGETDURATION:1"))
    #expect(list.filter { $0.hasPrefix("#EXTINF") } == Array(repeating: "#EXTINF:1.000000,", count: 4))
    #expect(!list.contains("#EXT-X-DISCONTINUITY"))
    let path = place.path + "/index.m3u8"
    #expect(try SinkFixture.frameCount(path) == 100)
    let times = try SinkFixture.ffprobe([
      "-select_streams", "v:0", "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0", path,
    ]).split(separator: "\n").map { $0.split(separator: ",") }
    let seconds = times.compactMap { Double($0[0]) }
    try #require(seconds.count == 100)
    for (index, time) in seconds.enumerated() { #expect(abs(time - seconds[0] - Double(index) / 25) < 2e-5) }
    #expect(times.indices.filter { times[$0][1].hasPrefix("K") } == [0, 25, 50, 75])
    // Each segment plays with what the playlist says it needs, and nothing else lies there.
    let start = try #require(list.first { $0.hasPrefix("#EXT-X-MAP") }).split(separator: "\"")[1]
    #expect(try names(place) == (["index.m3u8", String(start)] + segments(list)).sorted())
    #expect(try StreamFixture.figures(sink)["sent"] == .int(100))
    // The box's lower edge is drawn: it is much unlike the grey below it, which is like itself.
    let pixels = try SinkFixture.rgb(path)
    try #require(pixels.count == 320 * 180 * 3)
    func pixel(_ x: Int, _ y: Int) -> [Int] { (0..<3).map { Int(pixels[3 * (y * 320 + x) + $0]) } }
    func distance(_ a: [Int], _ b: [Int]) -> Int { zip(a, b).map { abs($0 - $1) }.max() ?? 0 }
    #expect((136...143).map { distance(pixel(170, $0), pixel(170, 160)) }.contains { $0 > 40 })
    #expect((150...158).map { distance(pixel(170, $0), pixel(170, 160)) }.allSatisfy { $0 < 20 })
  }

  @Test("given more than the window holds, when it is written, then old segments leave the list and then the folder")
  func window() throws {
    let folder = try TestData.temporaryFolder("hls")
    defer { try? FileManager.default.removeItem(at: folder) }
    var configuration = StreamSink.Configuration(to: folder.path)
    configuration.windowS = 3
    try StreamFixture.run(configuration, StreamFixture.frames(count: 25 * 10))
    let list = try playlist(folder)
    // By their numbers, which a test's clock makes short.
    let files = try names(folder).filter { $0.hasSuffix(".m4s") }.sorted { ($0.count, $0) < ($1.count, $1) }
    #expect(segments(list).count == 3)
    // Three more stay for players that have read an older list.
    #expect(files.count == 6 && Array(files.suffix(3)) == segments(list))
    let first = try #require(segments(list).first).filter(\.isNumber).dropLast()
    #expect(list.contains("#EXT-X-MEDIA-SEQUENCE:\(first)"))
  }

  @Test("given a folder of an earlier run, when it is written again, then nothing of that is left and the rest stays")
  func again() throws {
    let folder = try TestData.temporaryFolder("hls")
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in ["segment-7.m4s", "init-7.mp4", ".segment-8.m4s.part", "index.m3u8", "index.html", "segment-x.m4s"] {
      try Data("old".utf8).write(to: folder.appendingPathComponent(name))
    }
    try StreamFixture.run(.init(to: folder.path), StreamFixture.frames(count: 30))
    let before = try names(folder)
    try StreamFixture.run(.init(to: folder.path), StreamFixture.frames(count: 30))
    let after = try names(folder)
    #expect(after.count == before.count && after.count == 6)
    #expect(Set(after).isSuperset(of: ["index.html", "segment-x.m4s", "index.m3u8"]))
    // No cache may take a segment for one of the run before.
    #expect(Set(after).intersection(before) == ["index.html", "segment-x.m4s", "index.m3u8"])
  }

  @Test(
    "given a camera that was away, when it is back, then the list says that the times break off",
    .enabled(if: isReady, "needs ffmpeg and ffprobe"))
  func discontinuity() throws {
    let folder = try TestData.temporaryFolder("hls")
    defer { try? FileManager.default.removeItem(at: folder) }
    let first = try StreamFixture.frames((0..<30).map { Double($0) / 25 })
    let second = try StreamFixture.frames((0..<30).map { 60 + Double($0) / 25 }, discontinuity: 1)
    try StreamFixture.run(.init(to: folder.path), first + second)
    let list = try playlist(folder)
    let marks = list.filter { $0 == "#EXT-X-DISCONTINUITY" || $0.hasPrefix("#EXTINF") }
    // The minute in between is nobody's.
    #expect(
      marks == [
        "#EXTINF:1.000000,", "#EXTINF:0.200000,", "#EXT-X-DISCONTINUITY", "#EXTINF:1.000000,", "#EXTINF:0.200000,",
      ])
    #expect(try SinkFixture.frameCount(folder.path + "/index.m3u8") == 60)
  }

  @Test("given a folder that another run writes, when a second one begins, then it is refused and the first goes on")
  func locked() throws {
    let folder = try TestData.temporaryFolder("hls")
    defer { try? FileManager.default.removeItem(at: folder) }
    let first = try HLSFolder(folder.path, wall: WallTime(nanoseconds: 0))
    var list = HLSPlaylist(initialization: HLSFolder.initialization(first.firstNumber), length: 3)
    _ = list.add(.init(number: first.firstNumber, seconds: 1, wall: WallTime(nanoseconds: 0), isBreak: false))
    try first.write(list)
    let error = #expect(throws: PipelineError.self) {
      _ = try HLSFolder(folder.path, wall: WallTime(nanoseconds: 0))
    }
    #expect(error?.exit == .ioError)
    try first.write(list, isEnded: true)
    #expect(try playlist(folder).last == "#EXT-X-ENDLIST")
  }

  @Test("given segments of any length, when they are listed, then the target is at least each of them, rounded")
  func target() {
    var list = HLSPlaylist(initialization: "init-1.mp4", length: 2)
    for (number, seconds) in [1.04, 2.6, 0.5].enumerated() {
      let past = list.add(
        .init(number: number, seconds: seconds, wall: WallTime(nanoseconds: 0), isBreak: number != 1))
      #expect(past.map(\.number) == (number == 2 ? [0] : []))
    }
    #expect(
      list.text(isEnded: false) == """
        #EXTM3U
        #EXT-X-VERSION:7
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-TARGETDURATION:3
        #EXT-X-MEDIA-SEQUENCE:1
        #EXT-X-DISCONTINUITY-SEQUENCE:1
        #EXT-X-MAP:URI="init-1.mp4"
        #EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z
        #EXTINF:2.600000,
        segment-1.m4s
        #EXT-X-DISCONTINUITY
        #EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z
        #EXTINF:0.500000,
        segment-2.m4s

        """)
  }

  @Test("given a folder that cannot be written, when pictures come, then the run goes on and they are counted")
  func unwritable() throws {
    let folder = try TestData.temporaryFolder("hls")
    defer { try? FileManager.default.removeItem(at: folder) }
    // A file takes the place of the folder once the sink is made.
    let place = folder.path + "/live"
    let sink = try StreamSink(.init(to: place), context: SinkFixture.context("live"))
    try Data().write(to: URL(fileURLWithPath: place))
    let worker = sink.makeWorker(WorkerContext(index: 0, workerCount: 1))
    for frame in try StreamFixture.frames(count: 10) { _ = try worker.process(frame) }
    try worker.finish()
    let figures = try StreamFixture.figures(sink)
    #expect(figures["dropped"] == .int(10) && figures["sent"] == .int(0))
    guard case .string(let error)? = figures["error"] else { throw MediaFixtures.Missing(what: "an error") }
    #expect(error.contains(place))
  }
}
