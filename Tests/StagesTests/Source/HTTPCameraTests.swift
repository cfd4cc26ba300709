@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Pipeline
@testable import Stages

/// Cameras that speak HTTP, or nothing but TCP: their packets carry no times.
@Suite(.enabled(if: FaultyCamera.isAvailable, "needs python3 and the programs ffmpeg and ffprobe"))
struct HTTPCameraTests {
  private static let waiting: @Sendable (CameraWatcher) -> Bool = { $0.states.contains(.waiting) }

  private func pictures() throws -> [String] {
    try ["red", "green", "blue"].map { (color: String) in
      try MediaFixtures.picture("http-\(color).jpg", "64x48", color: color)
    }
  }

  private func camera(_ options: [String]) throws -> FaultyCamera {
    try FaultyCamera(try pictures(), options, program: "http_camera.py")
  }

  /// Media time is the time of arrival, whatever the rate that FFmpeg makes up.
  private func expectArrival(_ headers: [FrameHeader]) throws {
    let first = try #require(headers.first)
    for header in headers {
      let passed = Double(header.captured.nanoseconds(since: first.captured)) / 1e9
      #expect(header.mediaTime.seconds > passed - 0.01 && header.mediaTime.seconds < passed + 1)
    }
    #expect(Set(headers.map(\.discontinuity)) == [0])
  }

  @Test(arguments: [5.0, 50]) func givenMotionJPEG_whenRead_thenTimeIsThatOfArrival(pace: Double) throws {
    let camera = try camera(["--pace", "\(pace)"])
    let output = try CameraWatcher.run(camera.url, until: { $0.headers.count >= 12 })
    try expectArrival(output.headers)
  }

  // Slower than the time that looking at a stream may take: the first frame does not wait for others.
  @Test func givenAFrameEveryFewSeconds_whenRead_thenTheFirstOneComesAlone() throws {
    let camera = try camera(["--pace", "0.2"])
    let output = try CameraWatcher.run(camera.url, until: { $0.headers.count >= 1 }) { $0.timeoutS = 60 }
    #expect(output.headers.count == 1 && output.states.first == .connecting)
    #expect(output.told.allSatisfy { $0.attempt == 1 })
  }

  @Test(arguments: ["plain", "late", "bare", "quoted", "dashes", "blank", "odd-type"])
  func givenPartsInAnyForm_whenRead_thenEachIsAFrame(style: String) throws {
    let camera = try camera(["--pace", "50", "--style", style])
    let output = try CameraWatcher.run(camera.url, until: { $0.headers.count >= 9 })
    #expect(Set(output.contents).count == 3, "red, green and blue")
    #expect(output.counts["damaged_frames"] == nil && output.states == [.connecting, .streaming, .ended])
    try expectArrival(output.headers)
  }

  // Its headers state a rate of 25, which the camera does not have.
  @Test func givenRawVideoOverTCP_whenRead_thenTimeIsThatOfArrival() throws {
    let film = try FaultyCamera.film("raw.h264", seconds: 2)
    let good = try FaultyCamera.pictures(film)
    let camera = try FaultyCamera([film], ["--raw", "--pace", "20"], program: "http_camera.py")
    let output = try CameraWatcher.run(camera.url, until: { $0.headers.count >= 20 })
    #expect(output.contents.elementsEqual(good.prefix(20)))
    try expectArrival(output.headers)
  }

  // MARK: - Snapshots

  private func snapshots(_ camera: FaultyCamera, _ name: String) -> String {
    camera.url.replacingOccurrences(of: "/mjpeg", with: "/\(name)")
  }

  @Test(arguments: ["snapshot.cgi", "snapshot.jpg", "cgi-bin/api?cmd=Snap&width=640", "snap.jpg?x=1"])
  func givenASnapshotAddress_whenPolled_thenEachPictureIsAFrame(name: String) throws {
    let camera = try camera([])
    let output = try CameraWatcher.run(snapshots(camera, name), until: { $0.headers.count >= 6 }) {
      $0.intervalS = 0.05
    }
    #expect(output.states == [.connecting, .streaming, .ended], "\(output.told)")
    #expect(Set(output.contents).count == 3, "each a picture of its own")
    try expectArrival(output.headers)
    let gaps = zip(output.headers, output.headers.dropFirst()).map { $1.captured.nanoseconds(since: $0.captured) }
    #expect(gaps.reduce(0, +) >= 200_000_000, "five pauses of 0.05 s, less what the first picture was late")
  }

  @Test func givenASnapshotAddressThatFailsNowAndThen_whenPolled_thenCountedAndTold() throws {
    let camera = try camera(["--fail", "503 Service Unavailable"])
    let output = try CameraWatcher.run(snapshots(camera, "snapshot.jpg"), until: { $0.headers.count >= 6 }) {
      $0.intervalS = 0.05
    }
    #expect(output.counts["failed_snapshots", default: 0] >= 2)
    #expect(
      output.told.first { $0.state == .waiting }?.error?.contains("503 Service Unavailable") == true, "\(output.told)")
    #expect(output.states.prefix(4) == [.connecting, .streaming, .waiting, .streaming])
    #expect(Set(output.headers.map(\.discontinuity)) == [0])
  }

  @Test func givenASnapshotThatIsCutOff_whenPolled_thenItIsNoFrame() throws {
    let camera = try camera(["--cut", "3"])
    let output = try CameraWatcher.run(snapshots(camera, "snapshot.jpg"), until: { $0.headers.count >= 6 }) {
      $0.intervalS = 0.05
    }
    #expect(output.counts["failed_snapshots", default: 0] >= 2)
    #expect(Set(output.contents).count <= 3, "whole pictures only")
  }

  @Test func givenAPictureAddress_whenNotPolled_thenOneFrameAndTheEnd() throws {
    let camera = try camera([])
    let output = try MediaFixtures.run(snapshots(camera, "picture.jpg"))
    #expect(output.frames.count == 1)
  }

  // MARK: - A camera that is not plugged in

  @Test func givenADeviceThatIsNotThere_whenRead_thenConnectingWaitingAndTriedAgain() throws {
    let output = try CameraWatcher.run("/dev/video251", until: { $0.told.contains { $0.attempt >= 3 } })
    #expect(output.states == [.connecting, .waiting, .ended])
    #expect(output.told.contains { $0.error?.contains("/dev/video251") == true })
  }
}
