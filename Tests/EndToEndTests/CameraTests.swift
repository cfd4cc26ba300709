import Foundation
import PipelineTestSupport
import Testing

/// GStreamer's RTSP server on loopback, with a user and a password; ends with its standard input.
final class Camera {
  /// Such as `rtsp://127.0.0.1:41234/stream`.
  let url: String
  private let process = Process()
  private let input = Pipe()

  /// - Parameter certificate: a folder with cert.pem and key.pem, for rtsps.
  init(film: String, certificate: String? = nil) throws {
    let script = TestData.packageRoot.appendingPathComponent("scripts/faults/rtsp_server.py").path
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = [script, film, "--user", "viewer", "--password", "s3cret"]
    if let certificate { process.arguments? += ["--tls", certificate + "/cert.pem", certificate + "/key.pem"] }
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    // It says `ready URL` once clients can connect; an end of the output means that it could not start.
    let words = String(decoding: output.fileHandleForReading.readSome(), as: UTF8.self).split(
      whereSeparator: \.isWhitespace)
    try #require(words.first == "ready")
    url = String(try #require(words.last))
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }
}

@Suite("The command: a camera")
struct CameraTests {
  @Test(
    "given a camera behind a password, when run with the URL from the environment, then its frames come and the word nowhere",
    .enabled(if: FaultRow.isAvailable, "\(FaultRow.needs)"), arguments: [false, true])
  func rtsp(encrypted: Bool) throws {
    let space = try Workspace()
    let certificate = encrypted ? space.folder.path : nil
    if encrypted {
      let made = try TestData.run(
        URL(fileURLWithPath: "/usr/bin/openssl"),
        [
          "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", space.path("key.pem"), "-out",
          space.path("cert.pem"),
          "-days", "2", "-batch", "-subj", "/CN=127.0.0.1",
        ])
      try #require(made.status == 0, "openssl")
    }
    try FFmpeg.make([
      "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=4", "-pix_fmt", "yuv420p", "-c:v", "libx264",
      "-tune", "zerolatency", "-g", "25", space.path("film.mp4"),
    ])
    let camera = try Camera(film: space.path("film.mp4"), certificate: certificate)
    let file = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "${CAMERA_URL}", "maxFrames": 50, "tlsVerify": false } },
      { "id": "out", "type": "sink.jsonl", "after": ["camera"], "config": { "path": "events.jsonl" } }
      """, extra: #" "budget": { "deadlineMs": 500 },"#)
    let address = camera.url.replacingOccurrences(of: "://", with: "://viewer:s3cret@")
    let result = try withExtendedLifetime(camera) {
      try Command.run(
        ["run", file, "--verbose", "--report", "report.json"], in: space.folder, environment: ["CAMERA_URL": address])
    }
    #expect(result.status == 0, "\(result.errors)")
    let frames = try space.lines("events.jsonl").filter { $0["type"] as? String == "frame" }
    let ledger = try #require(space.report()["ledger"] as? [String: Any])
    #expect(ledger["admitted"] as? Int == 50)
    #expect(ledger["balanced"] as? Bool == true)
    #expect(frames.count == ledger["delivered"] as? Int)
    #expect(frames.count >= 45, "nothing here is slow enough to lose more than a frame or two")
    let report = try String(contentsOfFile: space.path("report.json"), encoding: .utf8)
    let lines = try String(contentsOfFile: space.path("events.jsonl"), encoding: .utf8)
    for text in [result.output, result.errors, report, lines] { #expect(!text.contains("s3cret")) }
  }
}
