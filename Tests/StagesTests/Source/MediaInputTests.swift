import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Stages

@Suite("What a url names")
struct MediaInputTests {
  private let folder: URL

  init() throws { folder = try MediaFixtures.emptyFolder() }

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  @discardableResult
  private func make(_ name: String) throws -> String {
    let url = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data("x".utf8).write(to: url)
    return url.path
  }

  /// A file whose name Foundation could not write.
  private func make(bytes name: [UInt8]) {
    let path = BytePath(folder.path).appending(BytePath(bytes: name))
    let file = unsafe path.withCString { unsafe open($0, O_CREAT | O_WRONLY, 0o600) }
    #expect(unsafe write(file, "x", 1) == 1)
    close(file)
  }

  private func failure(_ url: String) throws -> PipelineError {
    let error = try #require(throws: PipelineError.self) { try MediaInput.find(url) }
    #expect(error.consequence == .endStream && error.remedy?.isEmpty == false)
    return error
  }

  @Test("given a file, when named as a path or as a URL, then it is found")
  func file() throws {
    let file = MediaInput.file(BytePath(try make("My Video.mp4")))
    #expect(try MediaInput.find(path("My Video.mp4")) == file)
    #expect(try MediaInput.find("file://" + path("My%20Video.mp4")) == file)
    #expect(try MediaInput.find("file://localhost" + path("My%20Video.mp4")) == file)
    #expect(try MediaInput.find("file:" + path("My Video.mp4")) == file)
  }

  @Test("given a file whose name has an escape in it, when named behind file: without escaping, then it is found")
  func literal() throws {
    let file = MediaInput.file(BytePath(try make("a%20b.mp4")))
    #expect(try MediaInput.find("file:" + path("a%20b.mp4")) == file)
    #expect(try MediaInput.find(path("a%20b.mp4")) == file)
  }

  @Test("given nothing to open, when named, then the error says what is in the way")
  func errors() throws {
    try make("file.mp4")
    try FileManager.default.createSymbolicLink(atPath: path("dangling"), withDestinationPath: "gone")
    try FileManager.default.createSymbolicLink(atPath: path("round"), withDestinationPath: "round")
    let cases = [
      ("nope.mp4", "no such file"), ("no/nope.mp4", "no folder"), ("dangling", "link whose target does not exist"),
      ("round", "loop"),
      ("file.mp4/x", "a file, not a folder"), (String(repeating: "n", count: 300), "too long"),
    ]
    for (name, words) in cases {
      let error = try failure(path(name))
      #expect(error.exit == .noInput && error.message.contains(words), "\(error)")
    }
    #expect(try failure("10.0.0.1:554/live").remedy?.contains("rtsp://") == true)
  }

  @Test("given videos that a pattern matches, when found, then they are played in the order of their names")
  func videos() throws {
    for name in [
      "clips/10.mp4", "clips/2.mp4", "clips/cover.jpg", "clips/read.me", "clips/.hidden.mp4", "clips/sub.mp4/x",
    ] {
      try make(name)
    }
    guard case .videos(let list) = try MediaInput.find(path("clips/*")) else {
      Issue.record("no videos")
      return
    }
    #expect(list.paths.map(\.name.text) == ["2.mp4", "10.mp4"])
    #expect(list.passedOver.counts == [".jpg": 1, ".me": 1, "folder": 1])
    #expect(try failure(path("clips/*.avi")).exit == .noInput)
  }

  @Test("given pictures that a pattern matches, when found, then they are one stream")
  func pictures() throws {
    for name in ["p10.jpg", "p2.PNG", "p3.txt"] { try make(name) }
    guard case .pictures(let list) = try MediaInput.find(path("p[0-9]*")) else {
      Issue.record("no pictures")
      return
    }
    #expect(list.names.map(\.name.text) == ["p2.PNG", "p10.jpg"] && list.passedOver.counts == [".txt": 1])
  }

  @Test(
    "given numbered pictures, when named with %d, then all that fit, by number",
    arguments: [
      ("img%03d.png", ["img007.png", "img010.png", "img1000.png"]),
      ("img%d.png", ["img1.png", "img007.png", "img010.png", "img1000.png"]),
    ])
  func numbered(pattern: String, names: [String]) throws {
    for name in ["img007.png", "img010.png", "img1.png", "img1000.png", "img.png", "imgx1.png", "img01.jpg"] {
      try make(name)
    }
    guard case .pictures(let list) = try MediaInput.find(path(pattern)) else {
      Issue.record("no pictures")
      return
    }
    #expect(list.names.map(\.name.text) == names)
    #expect(try failure(path("nope%d.png")).message.contains("no file matches"))
  }

  @Test(
    "given a file that is called like a pattern, when named, then it is the file",
    arguments: ["a*.mp4", "p%03d.png", "[x].mp4"])
  func calledLikeAPattern(name: String) throws {
    let file = MediaInput.file(BytePath(try make(name)))
    #expect(try MediaInput.find(path(name)) == file)
  }

  @Test("given a folder with more than pictures in it, when listed, then what is passed over is counted by its reason")
  func passedOver() throws {
    for name in ["b.jpg", "a.jfif", "c.GIF", "d.ppm", "film.mp4", "film2.mp4", ".e.jpg", "notes", "sub/f.jpg"] {
      try make(name)
    }
    make(bytes: Array("caf".utf8) + [0xE9] + Array(".png".utf8))
    let list = try PictureList(folder: BytePath(folder.path))
    #expect(list.names.map(\.text) == ["a.jfif", "b.jpg", "c.GIF", "caf%E9.png", "d.ppm"])
    #expect(list.passedOver.counts == [".mp4": 2, "hidden": 1, "no ending": 1, "folder": 1])
    #expect(list.passedOver.description == "2 .mp4, 1 folder, 1 hidden, 1 without an ending")
  }

  @Test("given a folder of videos only, when listed, then the error tells how to play them")
  func videoFolder() throws {
    try make("a.mp4")
    let error = try failure(folder.path)
    #expect(error.exit == .dataError && error.message.contains("1 .mp4") && error.remedy?.contains("*.mp4") == true)
    #expect(try failure(try MediaFixtures.emptyFolder().path).message.contains("it is empty"))
  }
}

@Suite("What bytes look like that FFmpeg cannot read")
struct InputDiagnosisTests {
  private func box(_ name: String, _ size: Int, says: Int? = nil) -> [UInt8] {
    let length = says ?? size
    return (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + Array(name.utf8)
      + [UInt8](repeating: 7, count: size - 8)
  }

  private func finding(_ bytes: [UInt8]) -> String? {
    InputDiagnosis(head: Array(bytes.prefix(4096)), size: bytes.count) { offset, count in
      Array(bytes.dropFirst(offset).prefix(count))
    }?.finding
  }

  @Test("given an MP4, when looked at, then the box that is missing or cut off")
  func mp4() {
    #expect(finding(box("ftyp", 24) + box("mdat", 5000))?.contains("no index") == true)
    #expect(
      finding(box("ftyp", 24) + box("mdat", 5000, says: 90_000))?.contains(
        "truncated in its 'mdat' box, before its index") == true)
    #expect(
      finding(box("ftyp", 24) + box("moov", 500) + box("mdat", 50, says: 90_000))?.contains(
        "truncated in its 'mdat' box")
        == true)
    #expect(finding(box("ftyp", 24) + box("moov", 500) + box("mdat", 50)) == nil)
  }

  @Test("given an MP4 in a pipe, when looked at, then whether its index comes last")
  func pipedMP4() {
    let last = InputDiagnosis(pipe: box("ftyp", 24) + box("mdat", 4000))
    #expect(last?.finding.contains("is not seekable") == true && last?.remedy.contains("faststart") == true)
    #expect(InputDiagnosis(pipe: box("ftyp", 24) + box("moov", 400) + box("mdat", 400)) == nil)
  }

  @Test(
    "given other files, when looked at, then their kind",
    arguments: [
      ("{\"version\": 1}", "JSON"), ("door a.mp4\r\n", "text file"), ("  <!DOCTYPE html><html>", "HTML"),
      ("#EXTM3U\n", "playlist"),
      ("%PDF-1.4 \u{1}", "PDF"), ("PK\u{3}\u{4}\u{1}\u{0}", "ZIP"), ("\u{FEFF}grüße", "text file"),
      ("\0\0\0\0\0\0", "zeros"),
      ("version https://git-lfs.github.com/spec/v1\noid", "LFS"),
    ])
  func kinds(text: String, word: String) { #expect(finding(Array(text.utf8))?.contains(word) == true) }

  @Test("given bytes of no kind, when looked at, then nothing is claimed")
  func unknown() {
    var random = SplitMix64(seed: 2)
    for _ in 0..<500 {
      let bytes = (0..<64).map { _ in UInt8.random(in: 128...255, using: &random) }
      #expect(finding(bytes) == nil)
    }
  }

  @Test("given random boxes, when walked, then it ends")
  func hostile() {
    var random = SplitMix64(seed: 9)
    for _ in 0..<2000 {
      let bytes = (0..<4).flatMap { _ in box("mdat", 16, says: Int.random(in: 0...40, using: &random)) }
      #expect(
        MP4Boxes(size: bytes.count) { offset, count in Array(bytes.dropFirst(offset).prefix(count)) }.names.count
          <= 1024)
    }
  }
}
