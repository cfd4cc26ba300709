@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: bad input")
struct BadInputTests {
  /// A run of source to null sink over one input.
  private func run(_ url: String, in space: Workspace, environment: [String: String] = [:]) throws -> CommandResult {
    let file = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "\(url)" } },
      { "id": "out", "type": "sink.null", "after": ["camera"] }
      """)
    return try Command.run(["run", file, "--quiet"], in: space.folder, environment: environment)
  }

  /// One line that names the input; the status of sysexits.
  private func expectRefused(
    _ result: CommandResult, _ name: String, status: Int32, at location: SourceLocation = #_sourceLocation
  ) {
    #expect(result.status == status, "\(result.errors)", sourceLocation: location)
    #expect(result.errorLines.count == 1, "\(result.errors)", sourceLocation: location)
    #expect(result.errors.contains(name), "\(result.errors)", sourceLocation: location)
    #expect(result.errors.hasPrefix("error: "), "\(result.errors)", sourceLocation: location)
  }

  @Test("given an input that is missing, when run, then 66 and its name")
  func missing() throws {
    let space = try Workspace()
    expectRefused(try run("nowhere.mp4", in: space), "nowhere.mp4", status: 66)
  }

  @Test(
    "given files that are no video, when run, then 65 and their name",
    arguments: ["empty.mp4", "random.mp4", "text.mp4"])
  func notVideo(name: String) throws {
    let space = try Workspace()
    var random = SplitMix64(seed: 1)
    let bytes: [UInt8] =
      switch name {
      case "empty.mp4": []
      case "random.mp4": (0..<100_000).map { _ in .random(in: 0...255, using: &random) }
      default: Array("this is not a video\n".utf8)
      }
    try Data(bytes).write(to: space.folder.appendingPathComponent(name))
    expectRefused(try run(name, in: space), name, status: 65)
  }

  @Test(
    "given an empty folder and audio alone, when run, then 65 at once and their name",
    .enabled(if: Has.ffmpeg, "needs ffmpeg"))
  func odd() throws {
    let space = try Workspace()
    try FileManager.default.createDirectory(atPath: space.path("folder"), withIntermediateDirectories: false)
    expectRefused(try run("folder", in: space), "folder", status: 65)
    try FFmpeg.make(["-f", "lavfi", "-i", "sine=duration=1", space.path("sound.m4a")])
    expectRefused(try run("sound.m4a", in: space), "sound.m4a", status: 65)
  }

  @Test(
    "given an MP4 cut short, when run, then 65 without its index, or what is there when it is fragmented",
    .enabled(if: Has.ffmpeg, "needs ffmpeg"))
  func truncated() throws {
    let space = try Workspace()
    func cut(_ name: String, _ options: [String]) throws {
      try FFmpeg.make(
        ["-f", "lavfi", "-i", "testsrc=d=4:s=320x240", "-c:v", "libx264", "-g", "25"] + options + [
          space.path("whole.mp4")
        ])
      let data = try Data(contentsOf: space.folder.appendingPathComponent("whole.mp4"))
      try data.prefix(data.count * 2 / 3).write(to: space.folder.appendingPathComponent(name))
    }
    try cut("cut.mp4", [])
    expectRefused(try run("cut.mp4", in: space), "cut.mp4", status: 65)
    try cut("fragments.mp4", ["-movflags", "frag_keyframe+empty_moov"])
    #expect(try run("fragments.mp4", in: space).status == 0)
  }

  @Test(
    "given pictures of 1 x 1 and of 16k x 16k, when run, then the small one works and the huge one does or is refused",
    .enabled(if: Has.ffmpeg, "needs ffmpeg"))
  func sizes() throws {
    let space = try Workspace()
    try FFmpeg.make([
      "-f", "lavfi", "-i", "color=red:s=2x2", "-frames:v", "1", "-vf", "format=rgb24,crop=1:1", space.path("tiny.png"),
    ])
    #expect(try run("tiny.png", in: space).status == 0)
    // A real picture whose header claims 16,384 x 16,384 pixels: bytes 16 to 23 of a PNG, and their checksum.
    var data = try Data(contentsOf: space.folder.appendingPathComponent("tiny.png"))
    data.replaceSubrange(16..<24, with: [0, 0, 0x40, 0, 0, 0, 0x40, 0])
    let checksum = CRC32.of(data[12..<29])
    data.replaceSubrange(29..<33, with: (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (24 - 8 * $0)) })
    try data.write(to: space.folder.appendingPathComponent("huge.png"))
    expectRefused(try run("huge.png", in: space), "huge.png", status: 65)
  }

  @Test(
    "given models cut short, flipped and missing, when run, then 65 or 78 and the reason in one line",
    .enabled(if: TestData.model("yolox_nano.onnx") != nil && Has.clip, "needs the test data"))
  func models() throws {
    let space = try Workspace()
    let whole = try Data(contentsOf: #require(TestData.model("yolox_nano.onnx")))
    try whole.prefix(whole.count / 2).write(to: space.folder.appendingPathComponent("cut.onnx"))
    var flipped = whole
    for offset in stride(from: 10, to: 4000, by: 37) { flipped[offset] ^= 0x5A }
    try flipped.write(to: space.folder.appendingPathComponent("flipped.onnx"))
    for (model, status) in [("cut.onnx", Int32(65)), ("flipped.onnx", 65), ("none.onnx", 78), ("yolox-nan", 78)] {
      let file = try space.pipeline(
        """
        { "id": "camera", "type": "source.ffmpeg", "config": { "url": "\(TestData.file("data/video/car-detection.mp4")?.path ?? "")" } },
        { "id": "scale", "type": "preprocess.letterbox", "after": ["camera"] },
        { "id": "objects", "type": "detect.yolo", "after": ["scale"], "config": { "model": "\(model)" } },
        { "id": "out", "type": "sink.null", "after": ["objects"] }
        """)
      let result = try Command.run(["run", file, "--quiet"], in: space.folder)
      #expect(result.status == status, "\(model): \(result.errors)")
      #expect(result.errorLines.count == 1, "\(model): \(result.errors)")
      #expect(result.errors.contains(model), "\(model): \(result.errors)")
    }
  }

  @Test(
    "given no engine library, or one that is too old, when run, then 69 and one line with the remedy",
    .enabled(if: TestData.model("yolox_nano.onnx") != nil && Has.clip, "needs the test data"))
  func engine() throws {
    let space = try Workspace()
    let file = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "\(TestData.file("data/video/car-detection.mp4")?.path ?? "")" } },
      { "id": "scale", "type": "preprocess.letterbox", "after": ["camera"] },
      { "id": "objects", "type": "detect.yolo", "after": ["scale"],
        "config": { "model": "\(TestData.model("yolox_nano.onnx")?.path ?? "")" } },
      { "id": "out", "type": "sink.null", "after": ["objects"] }
      """)
    // A library without the entry point stands for one that is too old or not the right one.
    for library in ["missing.so", "/lib/x86_64-linux-gnu/libm.so.6"] {
      let result = try Command.run(["run", file, "--quiet", "--onnxruntime", library], in: space.folder)
      #expect(result.status == 69, "\(result.errors)")
      #expect(result.errorLines.count == 1, "\(result.errors)")
      #expect(result.errors.contains("scripts/setup"), "\(result.errors)")
    }
  }

  @Test("given a pipeline file with many mistakes, when validated, then all are told at once with their place and 78")
  func manyMistakes() throws {
    let space = try Workspace()
    let file = space.path("bad.json")
    try """
    { "version": 1, "name": "bad",
      "stages": [
        { "id": "a", "type": "source.ffmpg", "config": { "url": "x.mp4" } },
        { "id": "a", "type": "sink.null", "after": ["b"] },
        { "id": "c", "type": "sink.jsonl", "after": ["a"], "config": { "pth": "x.jsonl" } }
      ] }
    """.write(toFile: file, atomically: true, encoding: .utf8)
    let result = try Command.run(["validate", file], in: space.folder)
    #expect(result.status == 78)
    for expected in ["bad.json:3:", "source.ffmpeg", "bad.json:4:", "bad.json:5:", "'path'"] {
      #expect(result.errors.contains(expected), "\(expected) in \(result.errors)")
    }
  }

  @Test("given wrong usage, when run, then 64")
  func usage() throws {
    #expect(try Command.run(["run"]).status == 64)
    #expect(try Command.run(["run", "x.json", "--nonsense"]).status == 64)
    #expect(try Command.run(["frobnicate"]).status == 64)
    #expect(try Command.run(["stages", "detect.yolov"]).status == 64)
  }
}

/// The checksum of PNG chunks (ISO 3309), bit by bit.
enum CRC32 {
  static func of(_ bytes: Data) -> UInt32 {
    ~bytes.reduce(UInt32.max) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
  }
}
