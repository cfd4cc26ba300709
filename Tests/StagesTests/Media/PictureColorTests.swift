import CFFmpeg
import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

/// What the model, the video and the snapshots show of one colour, whatever way it was stored.
@Suite(
  "Colours and shapes of pixels", .enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"))
struct PictureColorTests {
  struct Film: Sendable, CustomStringConvertible {
    var name: String
    var size: String
    var range: String
    var matrix: String
    var space: String
    var encoder = "libx264"
    var format = "yuv420p"
    var more: [String] = []
    var description: String { name }

    static let all = [
      Film(name: "full-709", size: "256x144", range: "pc", matrix: "bt709", space: "bt709"),
      Film(name: "full-709-hd", size: "1280x720", range: "pc", matrix: "bt709", space: "bt709"),
      Film(name: "limited-709", size: "256x144", range: "tv", matrix: "bt709", space: "bt709"),
      Film(name: "full-601", size: "256x144", range: "pc", matrix: "bt601", space: "smpte170m"),
      Film(name: "limited-601-hd", size: "1280x720", range: "tv", matrix: "bt601", space: "smpte170m"),
      Film(name: "limited-2020", size: "256x144", range: "tv", matrix: "bt2020", space: "bt2020nc"),
      Film(name: "full-2020-444", size: "256x144", range: "pc", matrix: "bt2020", space: "bt2020nc", format: "yuv444p"),
      Film(name: "untagged", size: "256x144", range: "tv", matrix: "bt601", space: ""),
      Film(
        name: "mjpeg", size: "256x144", range: "pc", matrix: "bt601", space: "", encoder: "mjpeg", format: "yuvj420p"),
      Film(name: "rgb", size: "256x144", range: "pc", matrix: "", space: "", encoder: "libx264rgb", format: "rgb24"),
    ]

    func path() throws -> String {
      let tags = space.isEmpty ? [] : ["-color_range", range, "-colorspace", space]
      let scale = matrix.isEmpty ? "null" : "scale=out_range=\(range):out_color_matrix=\(matrix)"
      let quality = encoder == "mjpeg" ? ["-q:v", "1"] : ["-crf", "4"]
      return try MediaFixtures.make(
        "color-\(name).mkv",
        ["-f", "lavfi", "-i", "color=c=0xC8641E:s=\(size):r=10:d=0.3,format=rgb24", "-vf", scale] + tags + more
          + ["-pix_fmt", format, "-c:v", encoder] + quality)
    }
  }

  private let expected: [Float] = [200, 100, 30]

  /// The colour in the middle of packed RGB pixels.
  private func middle<Value: BinaryInteger>(_ pixels: [Value], _ width: Int, _ height: Int) -> [Float] {
    let at = (height / 2 * width + width / 2) * 3
    return pixels[at..<at + 3].map { Float($0) }
  }

  private func isNear(_ color: [Float], by tolerance: Float) -> Bool {
    zip(color, expected).allSatisfy { abs($0 - $1) <= tolerance }
  }

  // 8 bits, subsampling and the codec cost a level or two; another matrix costs ten, another range fifteen.
  @Test("given a colour in any range and matrix, when scaled for a model, then it is that colour", arguments: Film.all)
  func model(film: Film) throws {
    let frame = try #require(MediaFixtures.run(film.path()).frames.first)
    for size in [frame.header.height, 64] {
      let input = try LetterboxFixtures.input(
        frame, LetterboxFixtures.request(.fixed(height: size, width: frame.header.width)))
      let values = LetterboxFixtures.floats(input), area = input.geometry.inputWidth * input.geometry.inputHeight
      let at = input.geometry.contentHeight / 2 * input.geometry.inputWidth + input.geometry.contentWidth / 2
      let color = (0..<3).map { values[$0 * area + at] }
      #expect(isNear(color, by: 3), "\(color)")
    }
  }

  @Test(
    "given a colour in any range and matrix, when it is written as video, then tags and pixels agree",
    arguments: Film.all)
  func video(film: Film) throws {
    let folder = try TestData.temporaryFolder("tags")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/a.mp4"
    var configuration = VideoSink.Configuration(path: path)
    configuration.crf = 4
    let sink = try VideoSink(configuration, context: SinkFixture.context("video"))
    let worker = sink.makeWorker(WorkerContext(index: 0, workerCount: 1))
    let frames = try MediaFixtures.run(film.path()).frames
    for frame in frames { _ = try worker.process(frame) }
    try worker.finish()
    let tags = try SinkFixture.ffprobe([
      "-select_streams", "v:0", "-show_entries", "stream=color_range,color_space", "-of", "csv=p=0", path,
    ])
    if film.encoder == "libx264" {
      // Limited range is what a file means that does not speak of it.
      #expect(tags == (film.space.isEmpty ? "unknown,unknown" : "\(film.range),\(film.space)"))
    }
    let header = try #require(frames.first?.header)
    let color = try middle(decoded(path), header.width, header.height)
    #expect(isNear(color, by: 4), "\(color), \(tags)")
  }

  @Test(
    "given a colour in any range and matrix, when a snapshot is taken, then viewers show it", arguments: Film.all,
    ["jpeg", "png"])
  func snapshot(film: Film, format: String) throws {
    let folder = try TestData.temporaryFolder("shots")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = try snapshot(of: film.path(), format, in: folder)
    let header = try #require(MediaFixtures.run(film.path()) { $0.maxFrames = 1 }.frames.first?.header)
    let color = try middle(decoded(file), header.width, header.height)
    #expect(isNear(color, by: 4), "\(color)")
  }

  /// The ffmpeg program's reading, which follows the tags.
  private func decoded(_ path: String) throws -> [UInt8] {
    let ffmpeg = try #require(MediaFixtures.ffmpeg)
    return try [UInt8](
      TestData.run(
        ffmpeg,
        [
          "-v", "error", "-i", path, "-frames:v", "1", "-vf", "scale=flags=accurate_rnd+full_chroma_int", "-f",
          "rawvideo", "-pix_fmt", "rgb24", "-",
        ]
      ).output)
  }

  private func snapshot(of path: String, _ format: String, in folder: URL) throws -> String {
    var configuration = SnapshotSink.Configuration(folder: folder.path)
    configuration.format = format
    configuration.quality = 2
    let sink = try SnapshotSink(configuration, context: SinkFixture.context("pictures"))
    let worker = try sink.makeWorker(WorkerContext(index: 0, workerCount: 1))
    let frame = try #require(MediaFixtures.run(path) { $0.maxFrames = 1 }.frames.first)
    _ = try worker.process(frame)
    try worker.finish()
    return folder.path + "/camera-000001.\(format == "jpeg" ? "jpg" : "png")"
  }

  /// A circle of 100 x 100 shown pixels, stored half as wide.
  private func anamorphic() throws -> String {
    try MediaFixtures.make(
      "anamorphic.mp4",
      [
        "-f", "lavfi", "-i", "color=black:size=320x180:r=10:d=0.3,drawbox=80:40:100:100:white:fill", "-vf",
        "scale=160:180,setsar=2/1",
        "-pix_fmt", "yuv420p", "-c:v", "libx264", "-crf", "4",
      ])
  }

  @Test("given wide pixels, when letterboxed, then things have their true proportions and boxes lie in stored pixels")
  func wide() throws {
    let frame = try #require(MediaFixtures.run(anamorphic()).frames.first)
    #expect((frame.header.width, frame.header.height) == (160, 180))
    let input = try LetterboxFixtures.input(frame, LetterboxFixtures.request(.auto, nominal: 320, pad: 0))
    let g = input.geometry
    #expect((g.contentWidth, g.contentHeight) == (320, 180) && (g.inputWidth, g.inputHeight) == (320, 192))
    let values = LetterboxFixtures.floats(input)
    let wide = (0..<320).count { values[90 * 320 + $0] > 128 }, high = (0..<180).count { values[$0 * 320 + 130] > 128 }
    #expect(abs(wide - 100) <= 2 && abs(high - 100) <= 2)
    let box = g.toSource(Box(x: 80, y: 40, width: 100, height: 100))
    #expect(box == Box(x: 40, y: 40, width: 50, height: 100))
  }

  @Test("given wide pixels, when written, then the video says so and the snapshot has square ones")
  func wideOutputs() throws {
    let folder = try TestData.temporaryFolder("wide")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/a.mp4"
    let worker = try VideoSink(.init(path: path), context: SinkFixture.context("video"))
      .makeWorker(WorkerContext(index: 0, workerCount: 1))
    for frame in try MediaFixtures.run(anamorphic()).frames { _ = try worker.process(frame) }
    try worker.finish()
    #expect(
      try SinkFixture.ffprobe(["-show_entries", "stream=width,height,sample_aspect_ratio", "-of", "csv=p=0", path])
        == "160,180,2:1")
    let file = try snapshot(of: anamorphic(), "jpeg", in: folder)
    #expect(try SinkFixture.ffprobe(["-show_entries", "stream=width,height", "-of", "csv=p=0", file]) == "320,180")
  }

  @Test("given what only the container says, when read, then it counts, and a turn turns it")
  func container() throws {
    let plain = try MediaFixtures.path("plain.mp4")
    for ending in ["mp4", "mkv"] {
      let path = try MediaFixtures.make("shape.\(ending)", ["-i", plain, "-c", "copy", "-aspect", "2:1"])
      let picture = try #require(MediaFixtures.run(path) { $0.maxFrames = 1 }.frames.first?.image as? DecodedPicture)
      // Twice as wide as high, of 160 x 120 pixels.
      #expect(abs(picture.pixelAspect - 1.5) < 0.001)
    }
    let decoded = try #require(
      MediaFixtures.run(try anamorphic()) { $0.maxFrames = 1 }.frames.first?.image as? DecodedPicture)
    #expect(decoded.pixelAspect == 2)
    for orientation in [Orientation.quarterClockwise, .quarterClockwiseFlipped, .half] {
      let turned = try RotationFilter(orientation, like: decoded).upright(decoded)
      #expect(turned.pixelAspect == (orientation == .half ? 2 : 0.5))
      #expect(turned.color == decoded.color)
    }
    let frame = try unsafe #require(av_frame_alloc())
    var owned: UnsafeMutablePointer<AVFrame>? = unsafe frame
    defer { unsafe av_frame_free(&owned) }
    var said = ContainerColor()
    (said.space, said.range) = (AVCOL_SPC_BT709.rawValue, AVCOL_RANGE_JPEG.rawValue)
    unsafe said.complete(frame)
    #expect(unsafe PictureColor(frame) == PictureColor(isFullRange: true, matrix: SWS_CS_ITU709))
    // The coded picture's own word goes first.
    unsafe frame.pointee.colorspace = AVCOL_SPC_SMPTE170M
    unsafe said.complete(frame)
    #expect(unsafe PictureColor(frame).matrix == SWS_CS_ITU601)
  }

  @Test("given shapes of pixels, then sizes with square ones grow, and stay within the limits")
  func squares() {
    #expect(PixelAspect.squareSize(width: 160, height: 180, aspect: 2) == (320, 180))
    #expect(PixelAspect.squareSize(width: 320, height: 180, aspect: 0.5) == (320, 360))
    #expect(PixelAspect.squareSize(width: 320, height: 180, aspect: 1) == (320, 180))
    let large = PixelAspect.squareSize(width: 8000, height: 8000, aspect: 4)
    #expect(PictureLimits.allow(width: large.width, height: large.height))
    #expect(abs(Double(large.width) / Double(large.height) - 4) < 0.01)
    for (num, den) in [(0, 1), (1, 0), (-1, 2), (1, 1000), (1000, 1), (Int32.min, Int32.max)] {
      #expect(PixelAspect.ratio(AVRational(num: Int32(num), den: Int32(den))) == 1)
    }
  }

  @Test("given HDR, when read, then the report names it and the tags go on into the video")
  func hdr() throws {
    for (transfer, name) in [("smpte2084", "PQ"), ("arib-std-b67", "HLG")] {
      let path = try MediaFixtures.make(
        "hdr-\(name).mkv",
        [
          "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10:duration=0.3", "-vf", "scale=out_color_matrix=bt2020",
          "-pix_fmt", "yuv420p",
          "-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc", "-color_range", "tv", "-c:v",
          "libx264",
        ])
      let source = try FFmpegSource(.init(url: path), context: MediaFixtures.context("camera"))
      let output = RecordingOutput()
      for stream in source.streams { try source.run(stream, output) }
      #expect(source.facts["hdr"] == .string(name))
      #expect(source.facts["color"] == .string("bt2020nc, limited range, primaries bt2020, transfer \(transfer)"))
      let folder = try TestData.temporaryFolder("hdr")
      defer { try? FileManager.default.removeItem(at: folder) }
      let worker = try VideoSink(.init(path: folder.path + "/a.mp4"), context: SinkFixture.context("video"))
        .makeWorker(WorkerContext(index: 0, workerCount: 1))
      for frame in output.frames { _ = try worker.process(frame) }
      try worker.finish()
      let tags = try SinkFixture.ffprobe(
        [
          "-show_entries", "stream=color_primaries,color_transfer,color_space", "-of", "default=nk=0:nw=1",
          folder.path + "/a.mp4",
        ])
      #expect(tags.contains("bt2020nc") && tags.contains(transfer) && tags.contains("color_primaries=bt2020"))
    }
  }

  // ITU-T H.273: red at full level, in each matrix and range.
  @Test("given colours to draw, when coded, then they are those of the standards")
  func drawing() {
    let red = YUVColor(red: 255, green: 0, blue: 0)
    let cases: [(PictureColor, UInt8, UInt8, UInt8)] = [
      (.init(isFullRange: false, matrix: SWS_CS_ITU709), 63, 102, 240), (.jpeg, 76, 85, 255),
      (.init(isFullRange: true, matrix: SWS_CS_ITU709), 54, 99, 255),
      (.init(isFullRange: false, matrix: SWS_CS_BT2020), 74, 97, 240),
    ]
    for (color, y, u, v) in cases {
      let coded = red.coded(as: color)
      #expect((coded.y, coded.u, coded.v) == (y, u, v))
      #expect(YUVColor.white.coded(as: color).y == (color.isFullRange ? 255 : 235))
    }
    #expect(red.coded(as: YUVColor.reference) == red)
  }
}
