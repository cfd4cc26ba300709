import Foundation
import Logging
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

/// What sinks leave where nothing came, and where somebody else's files are.
@Suite struct SinkFilesTests {
  private let folder: URL
  init() throws { folder = try TestData.temporaryFolder("sink-files") }

  private func path(_ name: String) -> String { folder.path + "/" + name }
  private func names(_ name: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path(name)).sorted()
  }
  private func worker(_ sink: any FrameStage, failed: Bool = false) throws -> any FrameWorker {
    try sink.makeWorker(WorkerContext(index: 0, workerCount: 1) { failed })
  }
  private func lines(_ configuration: JSONLinesSink.Configuration) throws -> JSONLinesSink {
    try JSONLinesSink(configuration, context: SinkFixture.context("events"))
  }

  @Test func `given a run that fails before a frame comes when sinks end then nothing is new and nothing is lost`()
    throws
  {
    defer { try? FileManager.default.removeItem(at: folder) }
    try "{}\n".write(toFile: path("old.jsonl"), atomically: false, encoding: .utf8)
    for sink in [
      try lines(.init(path: path("new.jsonl"))), try lines(.init(path: path("deep/new.jsonl"))),
      try lines(.init(path: path("old.jsonl"))),
    ] as [JSONLinesSink] { try worker(sink, failed: true).finish() }
    try worker(SnapshotSink(.init(folder: path("pictures")), context: SinkFixture.context()), failed: true).finish()
    try worker(VideoSink(.init(path: path("new.mp4")), context: SinkFixture.context()), failed: true).finish()
    #expect(try names() == ["old.jsonl"])
    #expect(try String(contentsOfFile: path("old.jsonl"), encoding: .utf8) == "{}\n")
  }

  @Test func `given a run without frames that did not fail when sinks end then old results do not stay`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try "{}\n".write(toFile: path("old.jsonl"), atomically: false, encoding: .utf8)
    try worker(lines(.init(path: path("old.jsonl")))).finish()
    try worker(lines(.init(path: path("new.jsonl")))).finish()
    #expect(try names() == ["new.jsonl", "old.jsonl"])
    for name in try names() { #expect(try Data(contentsOf: URL(fileURLWithPath: path(name))).isEmpty) }
  }

  @Test func `given frames without events when only events are written then the old ones are gone all the same`() throws
  {
    defer { try? FileManager.default.removeItem(at: folder) }
    try "{}\n".write(toFile: path("old.jsonl"), atomically: false, encoding: .utf8)
    let worker = try worker(lines(.init(path: path("old.jsonl"), frames: "events")), failed: true)
    _ = try worker.process(SinkFixture.frame(0))
    try worker.finish()
    #expect(try Data(contentsOf: URL(fileURLWithPath: path("old.jsonl"))).isEmpty)
  }

  @Test func `given results that are there when a second run's sink is made then it is refused before its first frame`()
    throws
  {
    defer { try? FileManager.default.removeItem(at: folder) }
    try "{}\n".write(toFile: path("e.jsonl"), atomically: false, encoding: .utf8)
    let first = try worker(lines(.init(path: path("e.jsonl"))))
    #expect(throws: PipelineError.self) { _ = try worker(lines(.init(path: path("e.jsonl")))) }
    #expect(try String(contentsOfFile: path("e.jsonl"), encoding: .utf8) == "{}\n")
    try first.finish()
  }

  @Test
  func
    `given a video that is being written when another sink begins it then that one is refused and the first is whole`()
    throws
  {
    defer { try? FileManager.default.removeItem(at: folder) }
    func frame(_ index: Int) throws -> Frame {
      SinkFixture.frame(index, width: 64, height: 48, image: try SinkFixture.picture(width: 64, height: 48))
    }
    let first = try worker(VideoSink(.init(path: path("v.mp4")), context: SinkFixture.context()))
    for index in 0..<3 { _ = try first.process(frame(index)) }
    try FileManager.default.createSymbolicLink(atPath: path("link.mp4"), withDestinationPath: "v.mp4")
    for name in ["v.mp4", "link.mp4"] {
      let second = try worker(VideoSink(.init(path: path(name)), context: SinkFixture.context()))
      let error = #expect(throws: PipelineError.self) { _ = try second.process(frame(0)) }
      #expect(error?.exit == .ioError && error?.message.contains("another sink or program is writing it") == true)
    }
    for index in 3..<10 { _ = try first.process(frame(index)) }
    try first.finish()
    #expect(try SinkFixture.frameCount(path("v.mp4")) == 10)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"))
  func `given a full disk when a video is written then the error says so and what helps`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let worker = try worker(VideoSink(.init(path: "/dev/full"), context: SinkFixture.context()))
    let frame = SinkFixture.frame(0, width: 64, height: 48, image: try SinkFixture.picture(width: 64, height: 48))
    let error = #expect(throws: PipelineError.self) {
      for _ in 0..<50 { _ = try worker.process(frame) }
    }
    #expect(error?.exit == .ioError && error?.message.contains("No space left") == true)
    #expect(error?.remedy?.contains("free space") == true)
  }

  @Test func `given somebody's picture with the next number when a snapshot is taken then it takes a free one`() throws
  {
    defer { try? FileManager.default.removeItem(at: folder) }
    try "mine".write(toFile: path("camera-000001.jpg"), atomically: false, encoding: .utf8)
    let worker = try worker(SnapshotSink(.init(folder: folder.path), context: SinkFixture.context()))
    _ = try worker.process(
      SinkFixture.frame(0, width: 64, height: 48, image: try SinkFixture.picture(width: 64, height: 48)))
    try worker.finish()
    #expect(try names() == ["camera-000001.jpg", "camera-000002.jpg", "index.jsonl"])
    #expect(try String(contentsOfFile: path("camera-000001.jpg"), encoding: .utf8) == "mine")
  }

  @Test func `given each sink and source when asked for its files then it names all of them`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let context = SinkFixture.context("x")
    #expect(try JSONLinesSink(.init(path: "-"), context: context).files(for: ["a"]) == [])
    #expect(try JSONLinesSink(.init(path: "e"), context: context).files(for: ["a", "b"]).map(\.path) == ["e"])
    #expect(
      try VideoSink(.init(path: "v-{stream}.mp4"), context: context).files(for: ["a", "b"]).map(\.path) == [
        "v-a.mp4", "v-b.mp4",
      ])
    #expect(
      try SnapshotSink(.init(folder: "p"), context: context).files(for: ["a"]).map(\.path) == ["p", "p/index.jsonl"])
    #expect(NullSink(.init(), context: context).files(for: ["a"]) == [])

    try "b \(path("b.mp4"))\nc rtsp://host/c\n".write(toFile: path("list"), atomically: false, encoding: .utf8)
    var configuration = FFmpegSource.Configuration(url: "file:" + path("a.mp4"))
    configuration.list = path("list")
    configuration.tlsCAFile = path("ca.pem")
    let source = try FFmpegSource(configuration, context: context)
    #expect(source.files(for: ["x", "b", "c"]).map(\.path) == ["list", "ca.pem", "a.mp4", "b.mp4"].map(path))
    let joined = try source.makeStream(id: "d", url: path("d.mp4"))
    #expect(source.files(for: [joined.id]).last == .reads(path("d.mp4"), as: "the input of stream 'd'"))
    for name in ["img001.PNG", "img002.PNG", "a.jpg", "b.jpeg", "other.txt"] {
      try "x".write(toFile: path(name), atomically: false, encoding: .utf8)
    }
    #expect(FFmpegSource.files(path("img%03d.PNG"), stream: "s").map(\.path) == ["img001.PNG", "img002.PNG"].map(path))
    #expect(FFmpegSource.files(path("*.jp*g"), stream: "s").map(\.path) == ["a.jpg", "b.jpeg"].map(path))
    #expect(FFmpegSource.files("*.nothing", stream: "s") == [.reads("*.nothing", as: "the input of stream 's'")])
  }
}
