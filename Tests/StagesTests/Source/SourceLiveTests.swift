@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Pipeline
@testable import Stages

/// A real RTSP server on this machine, from the data folder's tools.
private final class CameraServer {
  static let python = URL(fileURLWithPath: "/usr/bin/python3")
  static let isAvailable: Bool = {
    guard MediaFixtures.areAvailable, TestData.file("tools/rtsp_server.py") != nil else { return false }
    let check = "import gi; gi.require_version('GstRtspServer', '1.0')"
    return (try? TestData.run(python, ["-c", check]).status) == 0
  }()

  private let process = Process()

  init(film: String, port: Int) throws {
    let tool = try #require(TestData.file("tools/rtsp_server.py"))
    process.executableURL = Self.python
    process.arguments = [
      tool.path, film, "--port", "\(port)", "--fps", "25", "--user", "viewer", "--password", "s3cret",
    ]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    // It says `ready` once clients can connect; an end of the output means that it could not start.
    try #require(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self).contains("ready"))
  }

  deinit {
    // Not `terminate()`: a child of a dispatch thread inherits its signal mask, in which SIGTERM is blocked.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}

struct SourceLiveTests {
  @Test(.enabled(if: CameraServer.isAvailable, "needs GStreamer's RTSP server for python3 and the data folder's tools"))
  func givenAnRTSPCamera_whenRead_thenFramesCarryDeadlinesAndNoPassword() throws {
    let film = try MediaFixtures.make(
      "camera.h264",
      [
        "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=4", "-pix_fmt", "yuv420p", "-c:v", "libx264",
        "-tune",
        "zerolatency", "-g", "25", "-aud", "1", "-f", "h264",
      ])
    // A port of its own for each test process.
    let port = 20_000 + Int(ProcessInfo.processInfo.processIdentifier) % 20_000
    let server = try CameraServer(film: film, port: port)
    let output = try withExtendedLifetime(server) {
      try MediaFixtures.run("rtsp://viewer:s3cret@127.0.0.1:\(port)/cam", deadlineMs: 100) { $0.maxFrames = 30 }
    }
    let headers = output.frames.map(\.header)
    #expect(headers.count == 30)
    #expect(headers.allSatisfy { $0.stream.isLive && $0.width == 160 && $0.height == 120 })
    #expect(headers.allSatisfy { $0.deadline == $0.captured.advanced(byMilliseconds: 100) })
    #expect(headers.allSatisfy { !$0.source.contains("s3cret") && $0.source.contains("127.0.0.1") })
    #expect(zip(headers, headers.dropFirst()).allSatisfy { $0.mediaTime < $1.mediaTime && $0.captured <= $1.captured })
    #expect(headers.map(\.sequence) == Array(0..<30))
  }
}
