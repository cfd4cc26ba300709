@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Pipeline
@testable import Stages

/// Cameras that do what the standards do not foresee, over RTSP.
@Suite(.enabled(if: FaultyCamera.isAvailable, "needs python3 and the programs ffmpeg and ffprobe"))
struct LiveOddityTests {
  private static let waiting: @Sendable (CameraWatcher) -> Bool = { $0.states.contains(.waiting) }

  // Nothing came twice: a stamp that a camera repeats, moves back or never changes loses no frame, over no transport.
  @Test(
    arguments: ["twice:2", "twice:10", "back:10:5", "back:7:40", "frozen"],
    [FFmpegSource.Configuration.Transport.tcp, .udp, .auto])
  func givenAClockThatFails_whenRead_thenEveryFrameIsThere(
    stamps: String, transport: FFmpegSource.Configuration.Transport
  ) throws {
    let film = try FaultyCamera.film("lossy.h264", seconds: 8)
    let pictures = try FaultyCamera.pictures(film)
    let camera = try FaultyCamera([film], ["--pace", "100", "--stamps", stamps])
    let output = try CameraWatcher.run(camera.url, until: Self.waiting) { $0.transport = transport }
    #expect(output.contents == pictures, "\(output.contents.count) of \(pictures.count), \(output.counts)")
    #expect(output.counts["duplicate_packets"] == nil && output.counts["damaged_frames"] == nil)
    #expect(Set(output.headers.map(\.discontinuity)) == [0])
  }

  @Test(arguments: ["twice:5", "back:5:30", "frozen"])
  func givenAClockThatFails_whenPicturesAreReordered_thenTheyKeepTheirOrder(stamps: String) throws {
    let film = try MediaFixtures.make(
      "reordered.h264",
      [
        "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=4", "-pix_fmt", "yuv420p", "-c:v", "libx264",
        "-bf", "2",
        "-b_strategy", "0", "-threads", "1", "-g", "25", "-aud", "1", "-f", "h264",
      ])
    let pictures = try FaultyCamera.pictures(film)
    let camera = try FaultyCamera([film], ["--pace", "100", "--stamps", stamps])
    let output = try CameraWatcher.run(camera.url, until: Self.waiting) { $0.transport = .tcp }
    // The last ones are still in the decoder when the connection ends.
    #expect(output.contents.count >= pictures.count - 3)
    #expect(output.contents == Array(pictures.prefix(output.contents.count)))
  }

  // With a clock that stands, time is real time: the frames' own and that of their packets agree.
  @Test func givenAClockThatStands_whenRead_thenTimeIsThatOfArrival() throws {
    let film = try FaultyCamera.film("cam-small.h264", seconds: 1)
    let camera = try FaultyCamera([film], ["--pace", "20", "--loops", "0", "--stamps", "frozen"])
    let output = try CameraWatcher.run(camera.url, until: { $0.headers.count >= 30 }) { $0.transport = .tcp }
    let headers = output.headers, first = try #require(headers.first)
    for header in headers.dropFirst(4) {
      let passed = Double(header.captured.nanoseconds(since: first.captured)) / 1e9
      // A burst on a loaded machine is spread by quarters of an interval.
      #expect(header.mediaTime.seconds > passed - 0.01 && header.mediaTime.seconds < passed + 1)
    }
  }

  // One RTP packet of one picture: the pictures up to the next key frame are gone, and the connection stays, although
  // no key frame comes for longer than a stream may go without a frame.
  @Test(arguments: [FFmpegSource.Configuration.Transport.tcp, .udp])
  func givenOneLossAndSeldomKeyFrames_whenRead_thenTheConnectionStays(transport: FFmpegSource.Configuration.Transport)
    throws
  {
    let film = try MediaFixtures.make(
      "long-gop.h264",
      [
        "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=12", "-pix_fmt", "yuv420p", "-c:v", "libx264",
        "-tune",
        "zerolatency", "-threads", "1", "-g", "150", "-keyint_min", "150", "-sc_threshold", "0", "-aud", "1", "-f",
        "h264",
      ])
    let good = try FaultyCamera.pictures(film)
    let camera = try FaultyCamera([film], ["--pace", "100", "--lose", "20"])
    let output = try CameraWatcher.run(camera.url, until: Self.waiting) {
      $0.transport = transport
      // 1.3 s without a picture: longer than `stallS`, and less than a wait for a key frame alone may take.
      $0.stallS = 1
    }
    let contents = output.contents
    #expect(Set(contents).subtracting(good).isEmpty, "nothing damaged is shown")
    // The picture before the loss ends with the packet that was put together around it, and may go with it.
    #expect(contents.prefix(19).elementsEqual(good.prefix(19)))
    #expect(contents.suffix(100).elementsEqual(good.dropLast(contents.last == good.last ? 0 : 1).suffix(100)))
    #expect(contents.count >= 165 && contents.count <= 175, "\(contents.count), \(output.counts)")
    #expect(output.states == [.connecting, .streaming, .stalled, .streaming, .waiting, .ended])
    #expect(output.told.first { $0.state == .stalled }?.error?.contains("key frame") == true)
  }

  // A row of answers that refuse: each is quoted, and tried again.
  @Test(arguments: [
    "DESCRIBE:503 Service Unavailable", "SETUP:453 Not Enough Bandwidth", "PLAY:454 Session Not Found",
    "DESCRIBE:404 Stream Not Found",
  ])
  func givenAServerThatRefuses_whenConnecting_thenItsWordsAndAnotherAttempt(refusal: String) throws {
    let film = try FaultyCamera.film("cam-small.h264", seconds: 1)
    let camera = try FaultyCamera([film], ["--refuse", refusal])
    let output = try CameraWatcher.run(camera.url, until: { $0.headers.count >= 3 })
    #expect(output.states == [.connecting, .waiting, .streaming, .ended])
    let words = String(refusal.drop { $0 != ":" }.dropFirst())
    #expect(output.told.first { $0.state == .waiting }?.error?.contains("\"\(words)\"") == true, "\(output.told)")
  }

  @Test(arguments: ["SHA-256", "MD5,SHA-256"]) func givenADigestThatIsNotKnown_whenRefused_thenTheErrorNamesIt(
    algorithms: String
  ) throws {
    let film = try FaultyCamera.film("cam-small.h264", seconds: 1)
    let camera = try FaultyCamera([film], ["--password", "right", "--digest", algorithms])
    let url = camera.url.replacingOccurrences(of: "rtsp://", with: "rtsp://viewer:right@")
    let output = try CameraWatcher.run(url, until: { $0.states.contains(.refused) })
    #expect(output.told.first { $0.state == .refused }?.error?.contains("SHA-256") == true, "\(output.told)")
  }

  @Test(arguments: [FFmpegSource.Configuration.Transport.tcp, .udp, .multicast])
  func givenAServerWithoutTheTransport_whenConnecting_thenSaidInItsWords(
    transport: FFmpegSource.Configuration.Transport
  ) throws {
    let film = try FaultyCamera.film("cam-small.h264", seconds: 1)
    let camera = try FaultyCamera([film], ["--transports", transport == .tcp ? "udp" : "tcp"])
    let output = try CameraWatcher.run(camera.url, until: Self.waiting) { $0.transport = transport }
    let error = try #require(output.told.first { $0.state == .waiting }?.error)
    #expect(error.contains("transport") && error.contains("461 Unsupported Transport"), "\(error)")
  }

  @Test func givenAnHTTPTunnel_whenRead_thenEveryFrame() throws {
    let film = try FaultyCamera.film("cam-small.h264", seconds: 1)
    let pictures = try FaultyCamera.pictures(film)
    let camera = try FaultyCamera([film], ["--pace", "100"])
    let output = try CameraWatcher.run(camera.url, until: Self.waiting) { $0.transport = .http }
    #expect(output.contents == pictures, "\(output.told)")
  }

  @Test func givenAServerWithoutATunnel_whenConnecting_thenWaitingWithAReason() throws {
    let camera = try FaultyCamera([try MediaFixtures.picture("tunnel.jpg", "64x48")], program: "http_camera.py")
    let url = camera.url.replacingOccurrences(of: "http://", with: "rtsp://").replacingOccurrences(
      of: "/mjpeg", with: "/cam")
    let output = try CameraWatcher.run(url, until: Self.waiting) { $0.transport = .http }
    #expect(output.told.contains { $0.state == .waiting && $0.error?.contains("cannot open") == true })
  }

  @Test func givenANameThatNobodyHas_whenConnecting_thenSaid() throws {
    // RFC 2606 keeps this name from ever being given out.
    let output = try CameraWatcher.run("rtsp://camera.invalid/cam", until: Self.waiting) { $0.timeoutS = 30 }
    #expect(output.told.first { $0.state == .waiting }?.error?.contains("cannot be resolved") == true, "\(output.told)")
  }
}
