import Foundation
import PipelineTestSupport
@testable import Stages
import Testing

@testable import EdgepipeCore
@testable import Pipeline

@Suite(.enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"))
struct SourceErrorTests {
  /// Runs a source that must fail, and checks what every failure has in common.
  private func failure(
    _ url: String, _ exit: EdgepipeCore.ExitStatus, _ configure: (inout FFmpegSource.Configuration) -> Void = { _ in }
  )
    throws -> PipelineError
  {
    let clock = SystemClock(), start = clock.now()
    let error = try #require(throws: PipelineError.self) { try MediaFixtures.run(url, configure) }
    #expect(error.exit == exit, "\(error)")
    #expect(error.consequence == .endStream)
    #expect(error.remedy?.isEmpty == false)
    // Bad input is named within 5 s.
    #expect(clock.now().nanoseconds(since: start) < 5_000_000_000)
    return error
  }

  @Test func givenAMissingFile_whenOpened_thenNoInput() throws {
    #expect(try failure("/nowhere/a.mp4", .noInput).message.contains("/nowhere/a.mp4"))
  }

  @Test func givenAnEmptyFile_whenOpened_thenDataErrorSaysEmpty() throws {
    #expect(try failure(try MediaFixtures.file("empty.mp4", Data()), .dataError).message.contains("empty"))
  }

  @Test func givenRandomBytes_whenOpened_thenDataError() throws {
    var random = SplitMix64(seed: 7)
    let bytes = Data((0..<100_000).map { _ in UInt8.random(in: 0...255, using: &random) })
    let error = try failure(try MediaFixtures.file("random.mp4", bytes), .dataError)
    #expect(error.message.contains("random.mp4"))
  }

  // The index of an MP4 lies at its end: without it nothing can be found.
  @Test func givenATruncatedMP4_whenOpened_thenDataError() throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: try MediaFixtures.path("plain.mp4")))
    _ = try failure(try MediaFixtures.file("truncated.mp4", whole.prefix(whole.count / 2)), .dataError)
  }

  @Test func givenSoundOnly_whenOpened_thenDataErrorSaysNoVideo() throws {
    let path = try MediaFixtures.make("sound.wav", ["-f", "lavfi", "-i", "sine=duration=1"])
    #expect(try failure(path, .dataError).message.contains("no video"))
  }

  @Test func givenAFolderWithoutPictures_whenOpened_thenDataError() throws {
    let folder = try MediaFixtures.emptyFolder()
    try Data("x".utf8).write(to: folder.appendingPathComponent("notes.txt"))
    #expect(try failure(folder.path, .dataError).message.contains("no pictures"))
  }

  @Test func givenADeviceThatIsNoCamera_whenOpened_thenRefused() throws {
    _ = try failure("/dev/zero", .dataError)
  }

  @Test func givenASchemeThatNobodyKnows_whenOpened_thenTheStreamEndsAtOnce() throws {
    let output = RecordingOutput()
    let error = try #require(throws: PipelineError.self) {
      try MediaFixtures.run("nosuch://user:s3cret@127.0.0.1/cam", output: output)
    }
    #expect(error.exit == .unavailable && error.consequence == .endStream)
    #expect(!"\(error)".contains("s3cret"))
    #expect(output.health.map(\.state) == [.connecting], "not tried again")
  }

  // A header that promises 16384 x 16384 pixels (1 GB decoded): refused by the header.
  @Test func givenAPictureTooLarge_whenOpened_thenRefusedBeforeMemoryIsTaken() throws {
    let small = try MediaFixtures.picture("one.png", "1x1")
    var bytes = try Data(contentsOf: URL(fileURLWithPath: small))
    // Width and height of IHDR, big-endian, at byte 16.
    bytes.replaceSubrange(16..<24, with: [0, 0, 0x40, 0, 0, 0, 0x40, 0])
    let path = try MediaFixtures.file("huge.png", bytes)
    let before = try ResidentMemory.peakMB()
    #expect(try failure(path, .dataError).description.contains("16384"))
    // Other tests run meanwhile; the picture alone would take 1,024 MB.
    #expect(try ResidentMemory.peakMB() - before < 500)
  }

  @Test func givenAWideFilm_whenOpened_thenTheLimitIsNamed() throws {
    let path = try MediaFixtures.make(
      "wide.mkv", ["-f", "lavfi", "-i", "color=red:size=20000x16:duration=0.2", "-c:v", "ffv1", "-pix_fmt", "gray"])
    let error = try failure(path, .dataError)
    #expect(error.message.contains("20000 x 16"))
  }
}

/// The process's memory as the kernel counts it.
enum ResidentMemory {
  static func nowMB() throws -> Double { try read("VmRSS:") }
  static func peakMB() throws -> Double { try read("VmHWM:") }

  private static func read(_ key: String) throws -> Double {
    let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(key) })
    let kilobytes = try #require(Int(String(line.filter(\.isNumber))))
    return Double(kilobytes) / 1024
  }
}
