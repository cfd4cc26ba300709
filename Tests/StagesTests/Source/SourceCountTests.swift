import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

@Suite(.enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"))
struct SourceCountTests {
  // ffprobe counts what FFmpeg's decoders give: a frame lost at the end (no flush) or doubled shows here.
  @Test(arguments: MediaFixtures.films)
  func givenAFilm_whenRead_thenEveryFrameThatFFprobeCountsComesInOrder(_ film: MediaFixtures.Film) throws {
    let path = try MediaFixtures.path(film.name)
    let expected = try MediaFixtures.frameCount(path)
    try #require(expected > 5)
    for threads in [1, 3] {
      let output = try MediaFixtures.run(path) { $0.threads = threads }
      let headers = output.frames.map(\.header)
      #expect(headers.count == expected, "\(threads) threads")
      #expect(headers.map(\.sequence) == Array(0..<expected))
      #expect(headers.first?.mediaTime.nanoseconds == 0)
      #expect(zip(headers, headers.dropFirst()).allSatisfy { $0.mediaTime < $1.mediaTime })
      #expect(headers.allSatisfy { $0.source == path && $0.deadline == nil })
      #expect(output.counts.isEmpty)
    }
  }

  @Test func givenAFilmOfTwoSeconds_whenRead_thenTimesAreThoseOfTheFilm() throws {
    let output = try MediaFixtures.run(try MediaFixtures.path("b-frames.mp4"))
    for (index, frame) in output.frames.enumerated() {
      // 25 frames a second, in the container's time base of 1/12800 s.
      #expect(abs(frame.header.mediaTime.seconds - Double(index) / 25) < 0.0001)
    }
    #expect(abs((output.duration?.seconds ?? 0) - 2) < 0.1)
    #expect(output.positions == output.frames.map(\.header.mediaTime))
  }

  // FFmpeg's choice: the track that the file marks as its default, whole, and nothing of the other one.
  @Test func givenTwoVideoTracks_whenRead_thenTheDefaultOneComes() throws {
    let path = try MediaFixtures.make(
      "two-tracks.mkv",
      [
        "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10:duration=1", "-f", "lavfi", "-i",
        "testsrc2=size=320x240:rate=20:duration=1", "-map", "0:v", "-map", "1:v", "-disposition:v:0", "0",
        "-disposition:v:1", "default", "-c:v", "ffv1", "-pix_fmt", "yuv420p",
      ])
    let output = try MediaFixtures.run(path)
    #expect(output.frames.count == 20)
    #expect(output.frames.allSatisfy { $0.header.width == 320 && $0.header.height == 240 })
  }

  @Test func givenASizeThatChangesOnTheWay_whenRead_thenEachFrameCarriesItsOwnSize() throws {
    func raw(_ name: String, _ size: String) throws -> String {
      try MediaFixtures.make(
        name,
        [
          "-f", "lavfi", "-i", "testsrc2=size=\(size):rate=10:duration=1", "-pix_fmt", "yuv420p", "-c:v", "libx264",
          "-bf", "0",
        ])
    }
    let small = try raw("small.h264", "64x48"), large = try raw("large.h264", "160x120")
    let joined = try MediaFixtures.file(
      "size-change.h264",
      Data(contentsOf: URL(fileURLWithPath: small)) + Data(contentsOf: URL(fileURLWithPath: large)))
    let output = try MediaFixtures.run(joined)
    #expect(output.frames.map(\.header.width) == Array(repeating: 64, count: 10) + Array(repeating: 160, count: 10))
    #expect(output.frames.allSatisfy { $0.image?.width == $0.header.width })
  }

  @Test func givenMaxFrames_whenRead_thenSoManyCome() throws {
    let output = try MediaFixtures.run(try MediaFixtures.path("plain.mp4")) { $0.maxFrames = 7 }
    #expect(output.frames.count == 7)
    // Its end is that of the frames that are wanted, not that of the file.
    let last = try #require(output.frames.last?.header.mediaTime)
    #expect(output.duration == last && output.positions.last == last)
  }

  @Test func givenMaxFrames_whenAFrameIsOut_thenTheEndIsToldAtThePaceOfTheFrames() throws {
    let path = try MediaFixtures.path("plain.mp4")
    let whole = try #require(try MediaFixtures.run(path).duration)
    for (most, stop) in [(20, 10), (1_000_000, 10)] {
      let output = RecordingOutput(stopAfter: stop)
      try MediaFixtures.run(path, output: output) { $0.maxFrames = most }
      let times = output.frames.map(\.header.mediaTime.seconds)
      let pace = (times[times.count - 1] - times[0]) / Double(times.count - 1)
      let expected = min(whole.seconds, times[0] + pace * Double(most - 1))
      #expect(abs((output.duration?.seconds ?? 0) - expected) < 0.1)
    }
  }

  @Test func givenARunThatStops_whenReading_thenTheSourceReturns() throws {
    let output = RecordingOutput(stopAfter: 3)
    try MediaFixtures.run(try MediaFixtures.path("plain.mp4"), output: output)
    #expect(output.frames.count == 3)
  }

  // Frames are dropped when the decoder says that it guessed; the rest of the film goes on.
  @Test func givenDamagedH264_whenRead_thenDamageIsCountedAndNotShown() throws {
    let whole = try MediaFixtures.path("plain.mp4")
    let path = try MediaFixtures.make(
      "damaged.mkv", ["-i", whole, "-c", "copy", "-bsf:v", "noise=amount=200*eq(mod(n\\,8)\\,7)"])
    let output = try MediaFixtures.run(path)
    let lost = output.counts.values.reduce(0, +)
    #expect(lost > 0)
    #expect(output.frames.count > 0 && output.frames.count < 50)
  }
}
