@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Pipeline
@testable import Stages

@Suite(.enabled(if: FaultyCamera.isAvailable, "needs python3 and the programs ffmpeg and ffprobe"))
struct LiveCameraTests {
  private func run(
    _ url: String, until: @escaping @Sendable (CameraWatcher) -> Bool,
    _ configure: (inout FFmpegSource.Configuration) -> Void = { _ in }
  ) throws -> CameraWatcher {
    try CameraWatcher.run(url, until: until, configure)
  }

  private static let waiting: @Sendable (CameraWatcher) -> Bool = { $0.states.contains(.waiting) }

  // Row 4 of the faults: nothing damaged is shown as good. The decoder is exact, so a good picture is one of the film's,
  // bit by bit. The shares are those of the fault table; the film's pictures fit into one or two packets.
  @Test(arguments: [(0.0, 0.99), (0.01, 0.6), (0.05, 0.15), (0.2, 0)])
  func givenLostPackets_whenRead_thenOnlyWholePicturesAreShown(loss: Double, share: Double) throws {
    let film = try FaultyCamera.film("lossy.h264", seconds: 8)
    let good = Set(try FaultyCamera.pictures(film))
    let camera = try FaultyCamera([film], ["--pace", "100", "--loss", "\(loss)", "--seed", "3"])
    let output = try run(camera.url, until: Self.waiting) {
      $0.transport = .udp
      $0.stallS = 60
    }
    let broken = output.contents.filter { !good.contains($0) }
    #expect(broken.isEmpty, "\(broken.count) of \(output.contents.count) pictures are not the film's")
    #expect(Double(output.contents.count) >= share * 199, "\(output.contents.count), \(output.counts)")
    if loss > 0 {
      #expect(output.counts["lost_packets", default: 0] > 0)
      #expect(output.counts["damaged_frames", default: 0] > 0)
    } else {
      #expect(output.counts["damaged_frames"] == nil)
    }
    #expect(output.states == [.connecting, .streaming, .waiting, .ended], "no loss breaks the connection")
  }

  // Pictures of many packets: holes in the middle of what the decoder is given.
  @Test(arguments: [UInt64](1...4)) func givenLossesInsidePictures_whenRead_thenOnlyWholePicturesAreShown(seed: UInt64)
    throws
  {
    let film = try FaultyCamera.film("lossy.h264", seconds: 8)
    let good = Set(try FaultyCamera.pictures(film))
    let camera = try FaultyCamera(
      [film], ["--pace", "100", "--payload", "100", "--loss", "0.003", "--seed", "\(seed)"])
    let output = try run(camera.url, until: Self.waiting) {
      $0.transport = .udp
      $0.stallS = 60
    }
    let broken = output.contents.filter { !good.contains($0) }
    #expect(broken.isEmpty, "\(broken.count) of \(output.contents.count) pictures are not the film's")
    #expect(
      output.contents.count >= 10 && output.counts["lost_packets", default: 0] > 0,
      "\(output.contents.count), \(output.counts)")
  }

  // Row 5.
  @Test(arguments: [1000, 200])
  func givenPacketsTwiceAndInAnotherOrder_whenRead_thenOnlyWholePicturesAreShown(payload: Int) throws {
    let film = try FaultyCamera.film("lossy.h264", seconds: 8)
    let good = Set(try FaultyCamera.pictures(film))
    let camera = try FaultyCamera(
      [film], ["--pace", "100", "--reorder", "0.25", "--duplicate", "0.05", "--payload", "\(payload)"])
    let output = try run(camera.url, until: Self.waiting) { $0.transport = .udp }
    let broken = output.contents.filter { !good.contains($0) }
    #expect(broken.isEmpty, "\(broken.count) of \(output.contents.count) pictures are not the film's")
    #expect(output.contents.count >= 30, "\(output.contents.count), \(output.counts)")
  }

  // Row 10: pictures that the server itself left out show only in the numbers inside the stream.
  @Test func givenPicturesLeftOut_whenRead_thenNothingIsShownUpToTheNextKeyFrame() throws {
    let film = try FaultyCamera.film("left-out.h264")
    let pictures = try FaultyCamera.pictures(film)
    let camera = try FaultyCamera([film], ["--pace", "100", "--drop-pictures", "30"])
    let output = try run(camera.url, until: Self.waiting)
    #expect(output.contents == Array(pictures[..<30] + pictures[50...]))
    #expect(output.counts["damaged_frames"] == 19)
  }

  // Row 8, and the camera gone and back of row 1.
  @Test func givenACameraThatComesBackWithAnotherSize_whenReconnected_thenOneSequenceGoesOn() throws {
    let films = [
      try FaultyCamera.film("cam-small.h264", seconds: 1),
      try FaultyCamera.film("cam-large.h264", size: "320x240", seconds: 1),
    ]
    let camera = try FaultyCamera(films, ["--pace", "100"])
    let output = try run(camera.url, until: { $0.headers.count >= 60 })
    let headers = output.headers
    let first = headers.prefix { $0.width == 160 }, second = headers.dropFirst(first.count)
    #expect(first.count == 25 && Set(first.map(\.discontinuity)) == [0])
    #expect(Set(second.prefix(25).map(\.height)) == [240] && Set(second.prefix(25).map(\.discontinuity)) == [1])
    #expect(output.states.prefix(4) == [.connecting, .streaming, .waiting, .streaming])
  }

  @Test func givenASizeThatChangesMidStream_whenRead_thenFramesOfBothSizesAndNoBreak() throws {
    let small = try FaultyCamera.film("cam-small.h264", seconds: 1)
    let large = try FaultyCamera.film("cam-large.h264", size: "320x240", seconds: 1)
    let both = try MediaFixtures.file(
      "cam-both.h264", Data(contentsOf: URL(fileURLWithPath: small)) + Data(contentsOf: URL(fileURLWithPath: large)))
    let camera = try FaultyCamera([both], ["--pace", "100"])
    let output = try run(camera.url, until: Self.waiting)
    #expect(output.headers.map(\.width) == Array(repeating: 160, count: 25) + Array(repeating: 320, count: 25))
    #expect(Set(output.headers.map(\.discontinuity)) == [0])
  }

  // Row 11.
  @Test(arguments: ["-100", "5000"]) func givenAClockThatJumps_whenRead_thenTimesRiseAndBreakOnce(to: String) throws {
    let film = try FaultyCamera.film("jumps.h264")
    let camera = try FaultyCamera([film], ["--pace", "100", "--jump", "40:\(to)"])
    let output = try run(camera.url, until: Self.waiting)
    #expect(output.headers.count == 100)
    #expect(output.headers.map(\.discontinuity) == Array(repeating: 0, count: 40) + Array(repeating: 1, count: 60))
    let length = try #require(output.headers.last).mediaTime.seconds
    #expect(length > 3 && length < 10, "four seconds of film, not the jump")
  }

  // Row 7: the password is right only for the second camera, which takes the place of the first.
  @Test func givenAWrongPassword_whenConnecting_thenRefusedAndTriedSeldom() throws {
    let film = try FaultyCamera.film("cam-small.h264", seconds: 1)
    let camera = try FaultyCamera([film], ["--password", "right"])
    let url = camera.url.replacingOccurrences(of: "rtsp://", with: "rtsp://viewer:wr0ng@")
    let clock = SystemClock(), start = clock.now()
    let output = try run(url, until: { $0.told.contains { $0.attempt == 4 } })
    // Four attempts have three pauses of 0.2 s between them.
    #expect(clock.now().nanoseconds(since: start) >= 600_000_000)
    #expect(output.states == [.connecting, .refused, .ended])
    #expect(output.told.allSatisfy { $0.error?.contains("wr0ng") != true })
    let words = camera.finish().split(separator: "\n").filter { $0 == "refused" }
    #expect(words.count == 3, "one try an attempt; the fourth had only begun")
  }

  @Test func givenTheRightPassword_whenConnecting_thenStreaming() throws {
    let film = try FaultyCamera.film("cam-small.h264", seconds: 1)
    let camera = try FaultyCamera([film], ["--password", "right"])
    let url = camera.url.replacingOccurrences(of: "rtsp://", with: "rtsp://viewer:right@")
    let output = try run(url, until: { $0.headers.count >= 5 })
    #expect(output.states == [.connecting, .streaming, .ended])
  }

  @Test(arguments: ["tcp", "udp"]) func givenAServerOfOneTransport_whenAuto_thenStreamingWithTheFirstAttempt(
    transport: String
  ) throws {
    let film = try FaultyCamera.film("cam-small.h264", seconds: 1)
    let camera = try FaultyCamera([film], ["--transports", transport])
    let output = try run(camera.url, until: { $0.headers.count >= 5 }) { $0.transport = .auto }
    #expect(output.states == [.connecting, .streaming, .ended])
    #expect(output.told.allSatisfy { $0.attempt <= 1 })
  }

  // Rows 2 and 3, as the client sees them: connected, and nothing comes.
  @Test(arguments: [FFmpegSource.Configuration.Transport.tcp, .udp])
  func givenACameraThatFallsSilent_whenTheLimitIsOver_thenStalledAndConnectedAnew(
    transport: FFmpegSource.Configuration.Transport
  ) throws {
    let film = try FaultyCamera.film("cam-small.h264", seconds: 1)
    let camera = try FaultyCamera([film], ["--silent-after", "20"])
    let output = try run(camera.url, until: { $0.headers.count >= 30 }) {
      $0.transport = transport
      $0.stallS = 1
    }
    #expect(output.states == [.connecting, .streaming, .stalled, .streaming, .ended])
  }
}

@Suite(.enabled(if: FaultyCamera.isAvailable, "needs the programs ffmpeg and ffprobe"))
struct LiveDecoderTests {
  // Zero frames of delay: each packet of a camera's stream gives its picture at once, whatever the threads.
  @Test(arguments: [1, 4]) func givenZeroLatencyVideo_whenDecodedLive_thenEachPacketGivesItsPictureAtOnce(threads: Int)
    throws
  {
    let film = try FaultyCamera.film("cam-small.h264", seconds: 1)
    let output = RecordingOutput()
    let demuxer = try Demuxer(
      url: "file:" + film, options: [:], name: film, isRemote: false,
      guardian: ReadGuard(output: output, clock: SystemClock()))
    let decoder = try VideoDecoder(demuxer, DecoderOptions(threads: threads, isLive: true), name: film)
    let packet = try Packet()
    var delays: [Int] = []
    var sent = 0, received = 0
    reading: while true {
      switch demuxer.read(into: packet) {
      case .again, .audio: continue
      case .packet: break
      case .end, .failed, .stopped, .timedOut: break reading
      }
      sent += 1
      #expect(decoder.send(packet) == nil)
      while case .frame = decoder.receive() { received += 1 }
      delays.append(sent - received)
    }
    #expect(delays == Array(repeating: 0, count: 25))
  }

  @Test(arguments: [(DecoderOptions.SkippedFrames.none, 50), (.nonKey, 2)])
  func givenSkippedFrames_whenDecoded_thenOnlyTheOthersCome(skipped: DecoderOptions.SkippedFrames, expected: Int) throws
  {
    let film = try FaultyCamera.film("skipped.h264", seconds: 2)
    let output = try MediaFixtures.run(film) { $0.skip.frames = skipped }
    #expect(output.frames.count == expected)
  }

  @Test func givenNonReferenceFramesSkipped_whenDecoded_thenTheBFramesAreMissing() throws {
    let film = try MediaFixtures.path("b-frames.mp4")
    let all = try MediaFixtures.run(film).frames.count
    let some = try MediaFixtures.run(film) { $0.skip.frames = .nonReference }.frames.count
    #expect(some < all && some > all / 5)
  }

  // Without the filter a picture differs, and so does what is built on it.
  @Test func givenTheLoopFilterSkipped_whenDecoded_thenAllPicturesComeAndOnlyThoseWithoutItDiffer() throws {
    let film = try MediaFixtures.path("b-frames.mp4")
    let exact = try FaultyCamera.pictures(film)
    func differing(_ skipped: DecoderOptions.SkippedLoopFilter) throws -> Int {
      let pictures = try FaultyCamera.pictures(film) { $0.skip.loopFilter = skipped }
      try #require(pictures.count == exact.count)
      return zip(exact, pictures).filter { $0 != $1 }.count
    }
    let some = try differing(.nonReference), all = try differing(.all)
    #expect(try differing(.none) == 0)
    #expect(some > 0 && some < all, "\(some) and \(all) of \(exact.count)")
  }
}
