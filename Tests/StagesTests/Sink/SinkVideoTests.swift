import CFFmpeg
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

@Suite struct SinkVideoTests {
  private static let isReady = FileManager.default.isExecutableFile(atPath: "/usr/bin/ffprobe")

  private func frames(
    _ count: Int, stream: String = "camera", width: Int = 320, height: Int = 180,
    format: AVPixelFormat = AV_PIX_FMT_YUV420P
  ) throws -> [Frame] {
    try (0..<count).map { index in
      SinkFixture.frame(
        index, stream: stream, width: width, height: height,
        image: try SinkFixture.picture(width: width, height: height, format: format, phase: 3 * index),
        results: [
          StageResults(
            stage: "objects",
            detections: [SinkFixture.detection(x: Float(index), y: 20, width: 50, height: 100, track: 7)])
        ])
    }
  }

  private func open(_ configuration: VideoSink.Configuration) throws -> (VideoSink, any FrameWorker) {
    let sink = try VideoSink(configuration, context: SinkFixture.context("video"))
    return (sink, sink.makeWorker(WorkerContext(index: 0, workerCount: 1)))
  }

  @Test(.enabled(if: isReady, "needs ffprobe"))
  func `given frames when written then ffprobe counts them and finds their times`() throws {
    let folder = try TestData.temporaryFolder("video")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/out/a:b.mp4"
    let (sink, worker) = try open(.init(path: path))
    for frame in try frames(75) { _ = try worker.process(frame) }
    try worker.finish()
    #expect(try SinkFixture.frameCount(path) == 75)
    let times = try SinkFixture.ffprobe([
      "-select_streams", "v:0", "-show_entries", "frame=pts_time,key_frame", "-of", "csv=p=0", path,
    ]).split(separator: "\n").map { $0.split(separator: ",") }
    let seconds = times.compactMap { $0.last.flatMap { Double($0) } }
    try #require(seconds.count == 75)
    for (index, time) in seconds.enumerated() {
      // Ticks of 1/90000 s, printed with six places; the container may shift the whole by the encoder's delay.
      #expect(abs(time - seconds[0] - Double(index) / 30) < 2e-5)
    }
    // 2.5 s of video, one key frame a second.
    #expect(times.filter { $0.first == "1" }.count == 3)
    #expect(sink.facts["frames"] == .int(75) && sink.facts["files"] == .list([.string(path)]))
  }

  @Test(.enabled(if: isReady, "needs ffprobe"))
  func `given a run that is killed when its file is read then it plays up to the last fragment`() throws {
    let folder = try TestData.temporaryFolder("killed")
    defer { try? FileManager.default.removeItem(at: folder) }
    let (_, worker) = try open(.init(path: folder.path + "/a.mp4"))
    for frame in try frames(100) { _ = try worker.process(frame) }
    // What a kill leaves is what is in the file now.
    let copy = folder.path + "/copy.mp4"
    try FileManager.default.copyItem(atPath: folder.path + "/a.mp4", toPath: copy)
    // 100 frames are 3.3 s; the fragments of the first two seconds are whole, the encoder may hold back the third.
    #expect(try #require(try SinkFixture.frameCount(copy)) >= 60)
    let whole = try Data(contentsOf: URL(fileURLWithPath: copy))
    try whole.prefix(whole.count - 100).write(to: URL(fileURLWithPath: copy))
    #expect(try #require(try SinkFixture.frameCount(copy)) >= 30)
    try worker.finish()
    #expect(try SinkFixture.frameCount(folder.path + "/a.mp4") == 100)
  }

  @Test(
    .enabled(if: isReady, "needs ffprobe"),
    arguments: [
      AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV444P, AV_PIX_FMT_RGB24,
      AV_PIX_FMT_GRAY8,
    ].map { Int($0.rawValue) }, [(1, 1), (33, 19), (320, 180)])
  func `given any format and size when written then the video has every frame`(
    format: Int, size: (Int, Int)
  ) throws {
    let folder = try TestData.temporaryFolder("formats")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/a.mp4"
    let (_, worker) = try open(.init(path: path))
    let format = AVPixelFormat(Int32(format))
    for frame in try frames(3, width: size.0, height: size.1, format: format) { _ = try worker.process(frame) }
    try worker.finish()
    #expect(try SinkFixture.frameCount(path) == 3)
  }

  @Test(.enabled(if: isReady, "needs ffprobe"))
  func `given times that repeat and step back when written then every frame is there`() throws {
    let folder = try TestData.temporaryFolder("times")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/a.mp4"
    let (_, worker) = try open(.init(path: path))
    for (index, seconds) in [5, 5.04, 5.04, 4, 1, 6, 1e9, 6.1].enumerated() {
      let picture = try SinkFixture.picture(width: 64, height: 64)
      _ = try worker.process(SinkFixture.frame(index, seconds: seconds, width: 64, height: 64, image: picture))
    }
    try worker.finish()
    #expect(try SinkFixture.frameCount(path) == 8)
  }

  @Test func `given times that jump when turned into ticks then they rise and keep the pace`() {
    var timeline = VideoTimeline()
    // 90,000 ticks a second; after a step back or of more than an hour the file goes on at the last pace.
    let seconds: [(Double, Int64)] = [
      (5, 0), (5.04, 3600), (5.04, 3601), (5.12, 10_800), (4, 17_999), (4.04, 21_599), (1e9, 25_199),
      (1e9 + 0.04, 28_799), (1e9 + 1800.04, 162_028_799),
    ]
    for (time, ticks) in seconds { #expect(timeline.next(MediaTime(seconds: time)) == ticks) }
    var last = timeline.ticks
    for nanoseconds in [Int64.min, .max, 0, .min, .min + 1, .max] {
      let next = timeline.next(MediaTime(nanoseconds: nanoseconds))
      #expect(next > last)
      last = next
    }
  }

  @Test(.enabled(if: isReady, "needs ffprobe"))
  func `given a size that changes when written then the file keeps its first size`() throws {
    let folder = try TestData.temporaryFolder("sizes")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/a.mp4"
    let (_, worker) = try open(.init(path: path))
    let all = try frames(5) + frames(5, width: 640, height: 100)
    for (index, frame) in all.enumerated() {
      var moved = SinkFixture.frame(index, width: frame.header.width, height: frame.header.height, image: frame.image)
      frame.results.forEach { moved.attach($0) }
      _ = try worker.process(moved)
    }
    try worker.finish()
    #expect(try SinkFixture.frameCount(path) == 10)
    #expect(
      try SinkFixture.ffprobe(["-show_entries", "stream=width,height,codec_name,pix_fmt", "-of", "csv=p=0", path])
        == "h264,320,180,yuv420p")
  }

  @Test(.enabled(if: isReady, "needs ffprobe"))
  func `given two streams when the path has room for both then each has its file`() throws {
    let folder = try TestData.temporaryFolder("streams")
    defer { try? FileManager.default.removeItem(at: folder) }
    let (_, worker) = try open(.init(path: folder.path + "/{stream}.mp4"))
    for stream in ["a/b", "a_b", "../c"] {
      for frame in try frames(stream == "a_b" ? 4 : 6, stream: stream) { _ = try worker.process(frame) }
    }
    try worker.finish()
    #expect(try SinkFixture.frameCount(folder.path + "/a_b.mp4") == 6)
    #expect(try SinkFixture.frameCount(folder.path + "/a_b-2.mp4") == 4)
    #expect(try SinkFixture.frameCount(folder.path + "/_._c.mp4") == 6)
  }

  @Test func `given two streams when the path is one file then the error says what to do`() throws {
    let folder = try TestData.temporaryFolder("onefile")
    defer { try? FileManager.default.removeItem(at: folder) }
    let (_, worker) = try open(.init(path: folder.path + "/a.mp4"))
    _ = try worker.process(frames(1, stream: "a")[0])
    let error = #expect(throws: PipelineError.self) { _ = try worker.process(frames(1, stream: "b")[0]) }
    #expect(error?.exit == .config && error?.remedy?.contains("{stream}") == true)
    try worker.finish()
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"))
  func `given a full device when video is written then the error is that of a failed write`() throws {
    let (_, worker) = try open(.init(path: "/dev/full"))
    let error = #expect(throws: PipelineError.self) {
      for frame in try frames(100) { _ = try worker.process(frame) }
      try worker.finish()
    }
    #expect(error?.exit == .ioError)
    #expect(error?.message.contains("/dev/full") == true && error?.message.contains("No space left") == true)
    // Ending after a failure neither throws again nor hangs.
    try worker.finish()
  }

  @Test func `given a frame without a picture when it comes then the error is ours`() throws {
    let (_, worker) = try open(.init(path: FileManager.default.temporaryDirectory.path + "/never.mp4"))
    let error = #expect(throws: PipelineError.self) { _ = try worker.process(SinkFixture.frame(0)) }
    #expect(error?.exit == .software)
  }
}
