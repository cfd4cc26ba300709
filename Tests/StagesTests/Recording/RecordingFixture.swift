@testable import EdgepipeCore
import Foundation
@testable import Pipeline
import PipelineTestSupport
import Synchronization
import Testing

@testable import Stages

/// A source and a recording sink behind it, without a graph, and what others say of the files.
enum RecordingFixture {
  /// The sink's worker, which the source's thread calls.
  private final class Driver: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the source calls it on the thread that runs it, which is the test's own.
    let worker: any FrameWorker
    init(_ worker: any FrameWorker) { self.worker = worker }
  }

  /// Reads `url` to its end with the sink behind it.
  ///
  /// - Parameter events: what rules see in a frame.
  @discardableResult
  static func run<S: FrameStage>(
    _ url: String, _ sink: S, events: @escaping @Sendable (FrameHeader) -> [FrameEvent] = { _ in [] }
  ) throws -> RecordingOutput {
    let source = try FFmpegSource(.init(url: url), context: MediaFixtures.context("camera"))
    source.connect(to: StagePeers(stages: ["sink": sink], downstream: ["sink"]))
    let driver = Driver(try sink.makeWorker(WorkerContext(index: 0, workerCount: 1)))
    let output = RecordingOutput(keepsImages: false) { frame in
      var frame = frame
      for event in events(frame.header) { frame.add(event) }
      _ = try? driver.worker.process(frame)
    }
    for stream in source.streams { try source.run(stream, output) }
    try driver.worker.finish()
    return output
  }

  static func folder() throws -> String { try MediaFixtures.emptyFolder().path }

  /// The recordings of a stream by name, without their ending.
  static func recordings(_ folder: String, stream: String = "camera") throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(stream)")
    return names.filter { $0.hasSuffix(".mp4") }.sorted().map { "\(folder)/\(stream)/\($0.dropLast(4))" }
  }

  static func json(_ recording: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: recording + ".json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  /// Ten seconds with a key frame each second and pictures in another order than they are shown, and a tone of 440 Hz.
  static func film(_ name: String, _ options: [String] = [], audio: [String] = ["-c:a", "aac"]) throws -> String {
    try MediaFixtures.make(
      name,
      [
        "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=10", "-f", "lavfi", "-i",
        "sine=frequency=440:sample_rate=48000:duration=10", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-g", "25",
        "-keyint_min", "25", "-sc_threshold", "0", "-bf", "2",
      ] + audio + options)
  }

  /// A checksum of each packet of the first video track, in Annex B form where `filter` makes it so.
  static func packets(_ path: String, filter: String? = "h264_mp4toannexb") throws -> [String] {
    let arguments =
      ["-v", "error", "-i", path, "-map", "0:v:0", "-c", "copy"] + (filter.map { ["-bsf:v", $0] } ?? [])
      + ["-f", "framehash", "-hash", "md5", "-"]
    let text = String(decoding: try TestData.run(try #require(MediaFixtures.ffmpeg), arguments).output, as: UTF8.self)
    return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      String(line.split(separator: ",").last ?? "").trimmingCharacters(in: .whitespaces)
    }
  }

  /// The parts of a track in Annex B form, without start codes.
  static func units(_ path: String, filter: String = "h264_mp4toannexb", format: String = "h264") throws -> [Data] {
    let data = try TestData.run(
      try #require(MediaFixtures.ffmpeg),
      ["-v", "error", "-i", path, "-map", "0:v:0", "-c", "copy", "-bsf:v", filter, "-f", format, "-"]
    ).output
    let bytes = [UInt8](data)
    var units: [Data] = [], begin: Int?, index = 0
    func add(until end: Int) {
      guard let begin else { return }
      var end = end
      while end > begin, bytes[end - 1] == 0 { end -= 1 }
      units.append(Data(bytes[begin..<end]))
    }
    while index + 2 < bytes.count {
      if bytes[index] == 0, bytes[index + 1] == 0, bytes[index + 2] == 1 {
        add(until: index)
        begin = index + 3
        index += 3
      } else {
        index += 1
      }
    }
    add(until: bytes.count)
    return units
  }

  /// One entry of a stream, as ffprobe says.
  static func probe(_ path: String, _ entry: String, stream: String = "v:0") throws -> String {
    try SinkFixture.ffprobe(["-select_streams", stream, "-show_entries", "stream=\(entry)", "-of", "csv=p=0", path])
  }

  /// What ffmpeg complains of when it decodes everything.
  static func complaints(_ path: String) throws -> String {
    let process = Process(), pipe = Pipe()
    process.executableURL = try #require(MediaFixtures.ffmpeg)
    process.arguments = ["-v", "warning", "-xerror", "-i", path, "-f", "null", "-"]
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readAll(), as: UTF8.self)
    process.waitUntilExit()
    return process.terminationStatus == 0 ? text : "ended with \(process.terminationStatus): \(text)"
  }

  /// The tone in a file: how often the wave rises through zero, a second.
  static func tone(_ path: String) throws -> Double {
    let data = try TestData.run(
      try #require(MediaFixtures.ffmpeg),
      ["-v", "error", "-i", path, "-map", "0:a:0", "-f", "s16le", "-ac", "1", "-ar", "8000", "-"]
    ).output
    let values = unsafe data.withUnsafeBytes { unsafe Array($0.bindMemory(to: Int16.self)) }
    // The encoder's first values are silence.
    let middle = values.dropFirst(4000).dropLast(2000)
    let crossings = zip(middle, middle.dropFirst()).count { $0 < 0 && $1 >= 0 }
    return Double(crossings) / (Double(middle.count) / 8000)
  }
}
