import Foundation
import Logging
import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeCore
@_spi(Pixels) @testable import Pipeline
@testable import Stages

/// A source's output that keeps what is put on the tape and what is put out, in order.
private final class RecordedOutput: SourceOutput, MediaRecorder {
  enum Entry: Sendable {
    case media([UInt8])
    case frame(Frame)
  }

  private let entries = Mutex<[Entry]>([])
  var all: [Entry] { entries.withLock { $0 } }
  var frames: [Frame] { all.compactMap { if case .frame(let frame) = $0 { frame } else { nil } } }

  func record(_ bytes: [UInt8]) { entries.withLock { $0.append(.media(bytes)) } }
  func emit(_ frame: Frame) -> Admission {
    entries.withLock { $0.append(.frame(frame)) }
    return .admitted
  }

  var mediaRecorder: (any MediaRecorder)? { self }
  var isStopping: Bool { false }
  func wait(until deadline: MonotonicTime) -> Bool { true }
  func report(position: MediaTime, duration: MediaTime?) {}
  func count(_ name: String, _ increment: Int) {}
  func health(_ state: StreamState, attempt: Int, error: String?) {}
  func fail(stream: String, _ error: PipelineError) {}
}

@Suite("Pictures of a trace")
struct DecoderReplayTests {
  private func record(_ path: String, threads: Int = 1) throws -> RecordedOutput {
    var configuration = FFmpegSource.Configuration(url: path)
    configuration.threads = threads
    let output = RecordedOutput()
    let source = try FFmpegSource(configuration, context: MediaFixtures.context("camera"))
    for stream in source.streams { try source.run(stream, output) }
    return output
  }

  /// The values of each plane, row by row.
  private func planes(of frame: Frame) throws -> [Data] {
    try #require(
      frame.withPixels { pixels in
        pixels.planes.map { plane in
          var values = Data(capacity: plane.height * plane.byteWidth)
          for row in 0..<plane.height {
            plane.withRow(row) { span in unsafe span.withUnsafeBytes { unsafe values.append(contentsOf: $0) } }
          }
          return values
        }
      })
  }

  /// Does what is on the tape again; the pictures must be the same, value by value, and the first also as it is seen: with
  /// its range, matrix and turn.
  private func expectSame(_ output: RecordedOutput) throws {
    let replay = try DecoderReplay(name: "camera", context: MediaFixtures.context("camera"))
    var frames = 0
    for entry in output.all {
      switch entry {
      case .media(let bytes): try replay.apply(bytes)
      case .frame(let frame):
        let again = try #require(replay.takePicture())
        let replayed = Frame(header: frame.header, image: again)
        #expect(try planes(of: replayed) == planes(of: frame), "frame \(frame.header.sequence)")
        if frames == 0 {
          #expect(try LetterboxFixtures.pixels(of: replayed) == LetterboxFixtures.pixels(of: frame))
        }
        frames += 1
      }
    }
    #expect(frames > 0)
    #expect(replay.takePicture() == nil)
  }

  @Test(
    "given films of several codecs, reordered and turned, when their tapes are played, then every picture is the same",
    .enabled(if: MediaFixtures.areAvailable, "needs ffmpeg and ffprobe"), arguments: MediaFixtures.films, [1, 3])
  func films(film: MediaFixtures.Film, threads: Int) throws {
    try expectSame(record(MediaFixtures.path(film.name), threads: threads))
  }

  @Test(
    "given a folder of pictures, when its tape is played, then every picture is the same",
    .enabled(if: MediaFixtures.areAvailable, "needs ffmpeg"))
  func folder() throws {
    let folder = try MediaFixtures.emptyFolder()
    for (name, size) in [("1.png", "64x48"), ("2.jpg", "80x60")] {
      let made = try MediaFixtures.picture("trace-\(name)", size)
      try FileManager.default.copyItem(atPath: made, toPath: folder.appendingPathComponent(name).path)
    }
    try expectSame(record(folder.path))
  }

  @Test(
    "given tapes with changed bytes, when they are replayed, then they decode or are refused, and nothing crashes",
    .enabled(if: MediaFixtures.areAvailable, "needs ffmpeg and ffprobe"), arguments: 0..<6)
  func mutated(seed: Int) throws {
    let film = try #require(MediaFixtures.films.first)
    let output = try record(MediaFixtures.path(film.name))
    var random = SplitMix64(seed: UInt64(seed))
    for _ in 0..<20 {
      let replay = try DecoderReplay(name: "camera", context: MediaFixtures.context("camera"))
      for entry in output.all.prefix(60) {
        guard case .media(var bytes) = entry else { continue }
        // The beginning holds the numbers that matter; a packet's content is any camera's word anyway.
        if Int.random(in: 0..<3, using: &random) == 0 {
          let index = Int.random(in: 0..<min(bytes.count, 80), using: &random)
          bytes[index] = UInt8.random(in: 0...255, using: &random)
        }
        do { try replay.apply(bytes) } catch {
          #expect(error.exit == .dataError || error.exit == .software)
        }
        _ = replay.takePicture()
      }
    }
  }
}
