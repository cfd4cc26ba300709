import Foundation
import PipelineTestSupport
import Synchronization

@testable import Pipeline
@testable import Stages

/// A camera with faults on this machine (`Support/faulty_camera.py` for RTSP and `http_camera.py`, which list them); ends
/// with this object.
final class FaultyCamera {
  static let python = URL(fileURLWithPath: "/usr/bin/python3")
  static let isAvailable = MediaFixtures.areAvailable && FileManager.default.isExecutableFile(atPath: python.path)

  /// Such as `rtsp://127.0.0.1:41234/cam`.
  let url: String
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()

  /// - Parameter program: which of the cameras in `Support` it is.
  init(_ films: [String], _ options: [String] = [], program: String = "faulty_camera.py") throws {
    let script = TestData.packageRoot.appendingPathComponent("Tests/StagesTests/Support/\(program)").path
    process.executableURL = Self.python
    process.arguments = [script] + films + options
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    let words = String(decoding: output.fileHandleForReading.readSome(), as: UTF8.self).split(
      whereSeparator: \.isWhitespace)
    guard words.first == "ready", let address = words.last else { throw MediaFixtures.Missing(what: "the camera") }
    url = String(address)
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Ends the camera and gives what it has said since it was ready.
  func finish() -> String {
    try? input.fileHandleForWriting.close()
    return String(decoding: output.fileHandleForReading.readAll(), as: UTF8.self)
  }

  /// A film as cameras encode: no pictures held back, one key frame a second, one slice a picture.
  static func film(_ name: String, size: String = "160x120", seconds: Int = 4) throws -> String {
    try MediaFixtures.make(
      name,
      [
        "-f", "lavfi", "-i", "testsrc2=size=\(size):rate=25:duration=\(seconds)", "-pix_fmt", "yuv420p", "-c:v",
        "libx264",
        "-tune", "zerolatency", "-threads", "1", "-g", "25", "-aud", "1", "-f", "h264",
      ])
  }

  /// What every picture of a film looks like when nothing is lost.
  static func pictures(
    _ film: String, _ configure: (inout FFmpegSource.Configuration) -> Void = { _ in }
  ) throws -> [UInt64] {
    let pictures = Mutex<[UInt64]>([])
    let output = RecordingOutput(keepsImages: false) { frame in
      let content = content(frame)
      pictures.withLock { $0.append(content) }
    }
    try MediaFixtures.run(film, output: output, configure)
    return pictures.withLock { $0 }
  }

  /// FNV-1a over the luma plane.
  static func content(_ frame: Frame) -> UInt64 {
    guard let picture = frame.image as? DecodedPicture else { return 0 }
    return unsafe picture.withFrame { frame in
      var hash: UInt64 = 0xCBF2_9CE4_8422_2325
      guard let plane = unsafe frame.pointee.data.0 else { return 0 }
      for row in 0..<(unsafe Int(frame.pointee.height)) {
        // SAFETY: the luma plane has `height` rows of at least `width` bytes.
        let line = unsafe UnsafeBufferPointer(
          start: plane + row * Int(frame.pointee.linesize.0), count: Int(frame.pointee.width))
        for index in line.indices { hash = (hash ^ UInt64(unsafe line[index])) &* 0x100_0000_01B3 }
      }
      return hash
    }
  }
}
