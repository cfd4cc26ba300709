import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Pipeline
@testable import Stages

@Suite("Live output: where it goes")
struct StreamDestinationTests {
  @Test(
    "given a place, when it is looked at, then its form says what it is",
    arguments: [
      ("rtsp://host:8554/live", StreamDestination.rtsp(isEncrypted: false)),
      ("RTSPS://user:word@host/live", .rtsp(isEncrypted: true)), ("udp://239.1.2.3:5000", .udp),
      ("udp://[::1]:5000?ttl=4", .udp), ("live/door", .folder), ("live", .folder),
    ])
  func forms(place: String, expected: StreamDestination) throws { #expect(try StreamDestination(place) == expected) }

  @Test(
    "given an address that cannot work, when a sink is made, then the error says so without its password",
    arguments: [
      ("rtmp://host/s3cretword", "rtsp://"), ("http://user:s3cretword@host/live", "folder"),
      ("udp://host", "udp://host:port"), ("udp://:5000", "udp://host:port"), ("udp://[::1]", "udp://host:port"),
      ("rtsp://user:s3cretword@host:99999/live", "port"), ("rtsp:///live", "rtsp://host"),
    ])
  func faults(place: String, remedy: String) throws {
    let error = #expect(throws: PipelineError.self) {
      try StreamSink(.init(to: place), context: SinkFixture.context("live"))
    }
    #expect(error?.exit == .config)
    #expect(error?.description.contains(remedy) == true, "\(String(describing: error))")
    #expect(place.hasPrefix("rtmp") || error?.description.contains("s3cretword") == false)
  }

  @Test("given certificates that are not there, when a sink is made, then the error names them")
  func certificates() throws {
    var configuration = StreamSink.Configuration(to: "rtsps://host/live")
    configuration.tlsCAFile = "/nowhere/ca.pem"
    let error = #expect(throws: PipelineError.self) {
      try StreamSink(configuration, context: SinkFixture.context("live"))
    }
    #expect(error?.exit == .noInput && error?.message.contains("/nowhere/ca.pem") == true)
  }

  @Test("given two streams and one address, when the second comes, then the error says what to do")
  func twoStreams() throws {
    let sink = try StreamSink(.init(to: "udp://127.0.0.1:9"), context: SinkFixture.context("live"))
    let worker = sink.makeWorker(WorkerContext(index: 0, workerCount: 1))
    _ = try worker.process(StreamFixture.frames(count: 1, stream: "a")[0])
    let error = #expect(throws: PipelineError.self) {
      _ = try worker.process(StreamFixture.frames(count: 1, stream: "b")[0])
    }
    #expect(error?.exit == .config && error?.remedy?.contains("{stream}") == true)
    try worker.finish()
  }

  @Test("given ids of any kind, when they are put into an address, then they stay one part of it and differ")
  func places() throws {
    var places = StreamPlaces("rtsp://host/{stream}", isAddress: true, remedy: "")
    #expect(try places.place(for: "door-1") == "rtsp://host/door-1")
    #expect(try places.place(for: "a b#c") == "rtsp://host/a%20b%23c")
    #expect(try places.place(for: "a/b") == "rtsp://host/a_b")
    #expect(try places.place(for: "a_b") == "rtsp://host/a_b-2")
    #expect(try places.place(for: "a/b") == "rtsp://host/a_b")
  }

  @Test("given a limit of pictures a second, when frames come, then so many are taken, evenly")
  func rate() {
    var limit = FrameRateLimit(10)
    // 25 a second, with times rounded down to ticks.
    let taken = (0..<100).filter { limit.takes(Int64($0) * 3600) }
    #expect(taken.count == 40)
    #expect(zip(taken, taken.dropFirst()).allSatisfy { [2, 3].contains($1 - $0) })
    var all = FrameRateLimit(nil)
    let allTaken = (0..<100).filter { all.takes($0) }
    #expect(allTaken.count == 100)
    // 30 a second of a source with as many: none is left out, although a thirtieth of a second is no whole tick.
    var same = FrameRateLimit(30)
    let sameTaken = (0..<90).filter { same.takes(Int64(Double($0) / 30 * 90_000)) }
    #expect(sameTaken.count == 90)
  }

  @Test("given a file that is read faster than real time, when its frames come, then that is noticed once")
  func pace() {
    func header(_ seconds: Double, captured: Double, isLive: Bool = false) -> FrameHeader {
      FrameHeader(
        stream: StreamInfo(id: "a", sourceStage: "in", isLive: isLive), sequence: 0,
        mediaTime: MediaTime(seconds: seconds),
        captured: MonotonicTime(nanoseconds: Int64(captured * 1e9)), capturedWall: WallTime(nanoseconds: 0), source: "",
        width: 1, height: 1)
    }
    /// Whether each of the frames behind the first is too fast.
    func verdicts(_ frames: [(seconds: Double, captured: Double)], isLive: Bool = false) -> [Bool] {
      var pace = ReadingPace(header(0, captured: 100, isLive: isLive))
      return frames.map { pace.isTooFast(header($0.seconds, captured: $0.captured, isLive: isLive)) }
    }
    #expect(verdicts([(9, 100), (11, 100.5), (12, 100.5)]) == [false, true, false])
    #expect(!verdicts((1...100).map { (Double($0), 100 + Double($0)) }).contains(true))
    #expect(verdicts([(100, 100)], isLive: true) == [false])
  }
}
