import Foundation
import Glibc
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

@Suite(
  "Whether an input is live or has an end",
  .enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"))
struct SourceFiniteTests {
  private func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

  private func transportStream() throws -> [UInt8] {
    try bytes(try MediaFixtures.make("plain.ts", ["-i", try MediaFixtures.path("plain.mp4"), "-c", "copy"]))
  }

  private func run(
    _ url: String, stopAfter: Int? = nil, _ configure: (inout FFmpegSource.Configuration) -> Void = { _ in }
  ) throws -> RecordingOutput {
    try MediaFixtures.run(url, output: RecordingOutput(stopAfter: stopAfter), deadlineMs: 100, configure)
  }

  /// All frames waited for the pipeline, and have no deadline; or none did, and all have one.
  private func expect(
    _ output: RecordingOutput, live: Bool, frames: Int, at location: SourceLocation = #_sourceLocation
  ) {
    #expect(output.frames.count == frames, sourceLocation: location)
    #expect(output.frames.allSatisfy { $0.header.stream.isLive == live }, sourceLocation: location)
    #expect(output.frames.allSatisfy { ($0.header.deadline != nil) == live }, sourceLocation: location)
  }

  @Test func givenAFileOfKnownSizeWhoseAddressLooksLive_whenRead_thenItEndsAndWaits() throws {
    let film = try transportStream()
    let server = try FilmServer { _, _ in .init(body: film) }
    let output = try run(server.url + "/video?camera=1")
    expect(output, live: false, frames: 50)
    #expect(output.health.map(\.state) == [.connecting, .streaming])
    withExtendedLifetime(server) {}
  }

  @Test func givenAnAddressWithoutEnd_whenItLooksLikeAFile_thenItIsLive() throws {
    let film = try transportStream()
    let server = try FilmServer { _, _ in .init(body: film, hasLength: false) }
    // The stream ends after 50 frames; a live one is connected again.
    let output = try run(server.url + "/clip.mp4", stopAfter: 70)
    expect(output, live: true, frames: 70)
    #expect(output.health.map(\.state).prefix(4) == [.connecting, .streaming, .waiting, .waiting])
    withExtendedLifetime(server) {}
  }

  @Test func givenAFilmThatStatesItsLength_whenItsSizeIsUnknown_thenItEnds() throws {
    let film = try bytes(
      try MediaFixtures.make(
        "fast.mp4", ["-i", try MediaFixtures.path("plain.mp4"), "-c", "copy", "-movflags", "+faststart"]))
    let server = try FilmServer { _, _ in .init(body: film, hasLength: false) }
    expect(try run(server.url + "/video"), live: false, frames: 50)
    withExtendedLifetime(server) {}
  }

  @Test(arguments: [true, false]) func givenAPlaylist_whenRead_thenItsEndMarkDecides(_ hasEnd: Bool) throws {
    let part = try transportStream()
    let list =
      "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\na.ts\n" + (hasEnd ? "#EXT-X-ENDLIST\n" : "")
    let server = try FilmServer { path, _ in .init(body: path == "/list.m3u8" ? Array(list.utf8) : part) }
    let output = try run(server.url + "/list.m3u8", stopAfter: hasEnd ? nil : 20)
    expect(output, live: !hasEnd, frames: hasEnd ? 50 : 20)
    withExtendedLifetime(server) {}
  }

  @Test func givenMultipartPictures_whenTheServerStatesALength_thenTheyAreLiveAllTheSame() throws {
    let picture = try bytes(try MediaFixtures.picture("part.jpg", "64x48"))
    let part =
      Array("--b\r\nContent-Type: image/jpeg\r\nContent-Length: \(picture.count)\r\n\r\n".utf8) + picture + [13, 10]
    let server = try FilmServer { _, _ in
      .init(headers: ["Content-Type: multipart/x-mixed-replace; boundary=b"], body: (0..<10).flatMap { _ in part })
    }
    let output = try run(server.url + "/film.mp4", stopAfter: 5)
    expect(output, live: true, frames: 5)
    withExtendedLifetime(server) {}
  }

  @Test func givenAServerThatIsNotThereYet_whenTheAddressLooksLive_thenItIsTriedAgainAndThenHasAnEnd() throws {
    let film = try transportStream()
    let server = try FilmServer { _, request in request < 3 ? nil : .init(body: film) }
    let output = try run(server.url + "/video")
    expect(output, live: false, frames: 50)
    #expect(output.health.map(\.state).contains(.waiting))
    withExtendedLifetime(server) {}
  }

  @Test func givenNoServer_whenTheAddressIsSaidToBeFinite_thenTheStreamEndsWithAnError() throws {
    // A port that was free a moment ago.
    let port = try FilmServer { _, _ in nil }.port
    let error = try #require(throws: PipelineError.self) {
      try run("http://127.0.0.1:\(port)/video") { $0.live = false }
    }
    #expect(error.exit == .unavailable && error.consequence == .endStream)
  }

  @Test func givenAFile_whenItIsSaidToBeLive_thenItNeverWaitsAndEnds() throws {
    expect(try run(try MediaFixtures.path("plain.mp4")) { $0.live = true }, live: true, frames: 50)
  }

  @Test func givenAStream_whenItSaysWhetherItIsLive_thenItsWordCountsMoreThanTheSources() throws {
    let source = try FFmpegSource(
      {
        var configuration = FFmpegSource.Configuration(url: "rtsp://a/b")
        configuration.live = true
        configuration.streams = [
          StreamEntry(id: "b", url: "rtsp://a/c", live: false), StreamEntry(id: "c", url: "d.mp4"),
        ]
        return configuration
      }(), context: MediaFixtures.context("a"))
    #expect(source.streams.map(\.isLive) == [true, false, true])
  }
}

@Suite(
  "Pipes and patterns as inputs", .enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"))
struct SourcePipeTests {
  /// Runs a source on a named pipe into which another thread writes `bytes` once it is opened.
  private func pipe(_ bytes: [UInt8]) throws -> RecordingOutput {
    let path = try MediaFixtures.emptyFolder().appendingPathComponent("pipe").path
    #expect(unsafe mkfifo(path, 0o600) == 0)
    let writer = try WorkerThread(name: "writer") {
      // Opening waits for the reader.
      let file = unsafe open(path, O_WRONLY)
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = unsafe rest.withUnsafeBytes { unsafe write(file, $0.baseAddress, $0.count) }
        guard count > 0 else { break }
        rest = rest.dropFirst(count)
      }
      close(file)
    }
    defer { writer.join() }
    return try MediaFixtures.run(path)
  }

  @Test(arguments: ["mpegts", "matroska", "h264", "mjpeg", "yuv4mpegpipe", "mp4"])
  func givenAFilmInAPipe_whenRead_thenAllFramesComeAndItEnds(_ format: String) throws {
    let options: [String] =
      switch format {
      case "mjpeg": ["-c:v", "mjpeg"]
      case "yuv4mpegpipe": []
      case "mp4": ["-c", "copy", "-movflags", "frag_keyframe+empty_moov"]
      default: ["-c", "copy"]
      }
    let film = try MediaFixtures.make(
      "pipe.\(format)", ["-i", try MediaFixtures.path("plain.mp4")] + options + ["-f", format])
    let output = try pipe([UInt8](try Data(contentsOf: URL(fileURLWithPath: film))))
    #expect(output.frames.count == 50)
    #expect(output.frames.allSatisfy { !$0.header.stream.isLive })
    #expect(zip(output.frames, output.frames.dropFirst()).allSatisfy { $0.header.mediaTime < $1.header.mediaTime })
  }

  @Test func givenAPipeWithNothingOrTextInIt_whenRead_thenTheErrorSaysSo() throws {
    #expect(try #require(throws: PipelineError.self) { try pipe([]) }.message.contains("is empty"))
    #expect(
      try #require(throws: PipelineError.self) { try pipe(Array("no video\n".utf8)) }.message.contains("text file"))
  }

  @Test func givenAPipeThatNobodyWritesTo_whenTheRunEnds_thenReadingEnds() throws {
    let path = try MediaFixtures.emptyFolder().appendingPathComponent("pipe").path
    #expect(unsafe mkfifo(path, 0o600) == 0)
    let output = RecordingOutput()
    output.stop()
    try MediaFixtures.run(path, output: output)
    #expect(output.frames.isEmpty)
  }

  @Test func givenVideosOfAPattern_whenRead_thenTheyFollowEachOtherAsOneStream() throws {
    let folder = try MediaFixtures.emptyFolder(), film = try MediaFixtures.path("plain.mp4")
    for name in ["2.mp4", "10.mp4"] {
      try FileManager.default.copyItem(atPath: film, toPath: folder.appendingPathComponent(name).path)
    }
    try Data("text".utf8).write(to: folder.appendingPathComponent("3.mp4"))
    let output = try MediaFixtures.run(folder.path + "/*.mp4")
    let headers = output.frames.map(\.header)
    #expect(headers.map(\.sequence) == Array(0..<100))
    #expect(
      headers.map { BytePath($0.source).name.text } == Array(repeating: "2.mp4", count: 50)
        + Array(repeating: "10.mp4", count: 50))
    #expect(headers.map(\.discontinuity) == Array(repeating: 0, count: 50) + Array(repeating: 1, count: 50))
    #expect(zip(headers, headers.dropFirst()).allSatisfy { $0.mediaTime < $1.mediaTime })
    #expect(output.counts == ["unreadable_videos": 1])
    #expect(try MediaFixtures.run(folder.path + "/*.mp4") { $0.maxFrames = 60 }.frames.count == 60)
  }

  @Test func givenNamesThatAreNoUTF8_whenRead_thenTheyOpenAndStandAsPercentEscapes() throws {
    let folder = try MediaFixtures.emptyFolder()
    let film = BytePath(folder.path).appending(BytePath(bytes: Array("caf".utf8) + [0xE9] + Array(".mp4".utf8)))
    let made = try MediaFixtures.path("plain.mp4")
    #expect(unsafe film.withCString { new in unsafe made.withCString { unsafe link($0, new) } } == 0)
    let headers = try MediaFixtures.run(FileURL.text(for: film)).frames.map(\.header)
    #expect(headers.count == 50 && headers.allSatisfy { $0.source == folder.path + "/caf%E9.mp4" })
    #expect(try MediaFixtures.run(folder.path + "/*").frames.count == 50)
  }

  @Test func givenPicturesOfManyFormats_whenReadFromAFolder_thenAllAreDecoded() throws {
    let folder = try MediaFixtures.emptyFolder()
    for ending in ["gif", "ppm", "pgm", "tga", "pam", "jp2"] where PictureKinds.endings.contains(ending) {
      let made = try MediaFixtures.picture("kind.\(ending)", "40x30")
      try FileManager.default.copyItem(atPath: made, toPath: folder.appendingPathComponent("a.\(ending)").path)
    }
    try FileManager.default.copyItem(
      atPath: try MediaFixtures.picture("kind.jpg", "40x30"), toPath: folder.appendingPathComponent("a.jfif").path)
    let output = try MediaFixtures.run(folder.path)
    #expect(output.counts.isEmpty && output.frames.count >= 5)
    #expect(output.frames.allSatisfy { $0.header.width == 40 && $0.header.height == 30 })
  }
}
