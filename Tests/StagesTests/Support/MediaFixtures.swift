@testable import EdgepipeCore
import Foundation
import Logging
@testable import Pipeline
import PipelineTestSupport

@testable import Stages

/// Small films and pictures, made once by the ffmpeg program, which is also the reference for what is in them.
enum MediaFixtures {
  static let ffmpeg = program("ffmpeg")
  static let ffprobe = program("ffprobe")
  static let areAvailable = ffmpeg != nil && ffprobe != nil

  private static let folder = Result { try TestData.temporaryFolder("media") }
  private static let encoders: String = {
    guard let ffmpeg, let output = try? TestData.run(ffmpeg, ["-hide_banner", "-encoders"]).output else { return "" }
    return String(decoding: output, as: UTF8.self)
  }()

  /// A film of the set: what it tests, and how the ffmpeg program makes it.
  struct Film: Sendable, CustomStringConvertible {
    var name: String
    var encoder = "libx264"
    var input = "testsrc2=size=160x120:rate=25:duration=2"
    var options: [String]
    /// Copies the finished film into this one with the options, without encoding again.
    var source: String?
    var description: String { name }
  }

  /// The films that this machine's ffmpeg can make.
  static let films: [Film] = allFilms.filter { areAvailable && encoders.contains(" \($0.encoder) ") }

  static let allFilms: [Film] = [
    Film(name: "plain.mp4", options: ["-pix_fmt", "yuv420p", "-bf", "0"]),
    Film(
      name: "variable-rate.mkv",
      options: ["-vf", "select='not(mod(n,3))+not(mod(n,7))'", "-vsync", "vfr", "-pix_fmt", "yuv420p"]),
    Film(name: "b-frames.mp4", options: ["-pix_fmt", "yuv420p", "-bf", "3", "-g", "20", "-b_strategy", "0"]),
    Film(name: "open-gop.ts", options: ["-pix_fmt", "yuv420p", "-bf", "2", "-g", "10", "-x264-params", "open-gop=1"]),
    Film(name: "hevc.mp4", encoder: "libx265", options: ["-pix_fmt", "yuv420p", "-x265-params", "log-level=none"]),
    Film(
      name: "hevc-10-bit.mkv", encoder: "libx265",
      options: ["-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none"]),
    Film(name: "10-bit.mp4", options: ["-pix_fmt", "yuv420p10le"]),
    Film(name: "4-2-2.mp4", options: ["-pix_fmt", "yuv422p"]),
    Film(name: "4-4-4.mp4", options: ["-pix_fmt", "yuv444p"]),
    Film(name: "interlaced.mp4", options: ["-pix_fmt", "yuv420p", "-flags", "+ilme+ildct", "-x264-params", "tff=1"]),
    Film(
      name: "interlaced-mpeg2.mpg", encoder: "mpeg2video",
      options: ["-pix_fmt", "yuv420p", "-flags", "+ilme+ildct", "-bf", "2"]),
    Film(
      name: "odd-size.mkv", encoder: "ffv1", input: "testsrc2=size=157x113:rate=10:duration=1",
      options: ["-pix_fmt", "yuv420p"]),
    Film(name: "mjpeg.avi", encoder: "mjpeg", options: ["-pix_fmt", "yuvj422p"]),
    Film(name: "gray.mkv", encoder: "ffv1", options: ["-pix_fmt", "gray"]),
    Film(name: "rotated-90.mp4", options: ["90"], source: "plain.mp4"),
    Film(name: "rotated-180.mp4", options: ["180"], source: "plain.mp4"),
    Film(name: "rotated-270.mp4", options: ["270"], source: "plain.mp4"),
  ]

  /// The finished film's path; made on first use.
  static func path(_ name: String) throws -> String {
    guard let film = allFilms.first(where: { $0.name == name }) else { throw Missing(what: name) }
    guard let original = film.source else {
      return try make(name, ["-f", "lavfi", "-i", film.input] + film.options + ["-c:v", film.encoder])
    }
    // The option that sets the display matrix has changed its place: FFmpeg 6 and later, then FFmpeg 5.
    let input = try path(original), degrees = film.options[0]
    do {
      return try make(name, ["-display_rotation", degrees, "-i", input, "-c", "copy"])
    } catch {
      return try make(name, ["-i", input, "-metadata:s:v:0", "rotate=\(degrees)", "-c", "copy"])
    }
  }

  /// Runs ffmpeg with `arguments` to make `name` in the fixtures' folder, unless it is there.
  static func make(_ name: String, _ arguments: [String]) throws -> String {
    let url = try folder.get().appendingPathComponent(name)
    if FileManager.default.fileExists(atPath: url.path) { return url.path }
    guard let ffmpeg else { throw Missing(what: "ffmpeg") }
    // Into a file of its own first: tests run side by side.
    let draft = url.deletingLastPathComponent().appendingPathComponent("\(UUID().uuidString)-\(name)")
    guard try TestData.run(ffmpeg, ["-v", "quiet", "-y"] + arguments + [draft.path]).status == 0 else {
      throw Missing(what: "\(name) (ffmpeg failed)")
    }
    try? FileManager.default.moveItem(at: draft, to: url)
    return url.path
  }

  /// A picture in one colour, or of the test pattern; any size from one pixel on.
  static func picture(_ name: String, _ size: String, color: String? = nil) throws -> String {
    let sides = size.split(separator: "x").compactMap { Int($0) }
    guard sides.count == 2 else { throw Missing(what: "a size in '\(size)'") }
    // The filters' own formats halve the colour's resolution and so refuse a single pixel.
    let source = color.map { "color=\($0):" } ?? "testsrc2="
    let input = "\(source)size=\(sides[0] + 2)x\(sides[1] + 2),format=rgb24,crop=\(sides[0]):\(sides[1]):0:0:exact=1"
    return try make(name, ["-f", "lavfi", "-i", input, "-frames:v", "1"])
  }

  /// A file with this content.
  static func file(_ name: String, _ content: Data) throws -> String {
    let url = try folder.get().appendingPathComponent(name)
    try content.write(to: url, options: .atomic)
    return url.path
  }

  static func emptyFolder() throws -> URL {
    let url = try folder.get().appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }

  /// What `ffprobe -count_frames` counts.
  static func frameCount(_ path: String) throws -> Int {
    guard let ffprobe else { throw Missing(what: "ffprobe") }
    let output = try TestData.run(
      ffprobe,
      [
        "-v", "quiet", "-count_frames", "-select_streams", "v:0", "-show_entries", "stream=nb_read_frames", "-of",
        "csv=p=0", path,
      ]
    ).output
    let line = String(decoding: output, as: UTF8.self).split { !$0.isNumber }.first
    guard let line, let count = Int(line) else { throw Missing(what: "a frame count of \(path)") }
    return count
  }

  /// One decoded picture as the ffmpeg program turns and converts it: packed RGB.
  static func rgb(_ path: String) throws -> [UInt8] {
    guard let ffmpeg else { throw Missing(what: "ffmpeg") }
    return try [UInt8](
      TestData.run(ffmpeg, ["-v", "quiet", "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
        .output)
  }

  /// Runs a source alone to its end.
  @discardableResult
  static func run(
    _ url: String, output: RecordingOutput = RecordingOutput(), clock: any PipelineClock = SystemClock(),
    deadlineMs: Double? = nil, _ configure: (inout FFmpegSource.Configuration) -> Void = { _ in }
  ) throws -> RecordingOutput {
    var configuration = FFmpegSource.Configuration(url: url)
    configure(&configuration)
    let source = try FFmpegSource(configuration, context: context("camera", clock: clock, deadlineMs: deadlineMs))
    for stream in source.streams { try source.run(stream, output) }
    return output
  }

  static func context(
    _ id: String, clock: any PipelineClock = SystemClock(), deadlineMs: Double? = nil
  ) -> StageContext {
    StageContext(
      id: id, clock: clock, logger: Logger(label: id) { _ in SwiftLogNoOpLogHandler() }, deadlineMs: deadlineMs,
      framesInFlight: 8, threads: ThreadCensus())
  }

  struct Missing: Error { var what: String }

  private static func program(_ name: String) -> URL? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    return folders.lazy.map { URL(fileURLWithPath: String($0)).appendingPathComponent(name) }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }
}
