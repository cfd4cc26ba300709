@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Stages

@Suite("Paths of bytes, and URLs of files")
struct BytePathTests {
  @Test(
    "given bytes that are no UTF-8, when shown, then they stand as %XX and the rest as it is",
    arguments: [
      ([0x63, 0xE9, 0x2E, 0x70], "c%E9.p"), (Array("ä%20日.png".utf8), "ä%20日.png"), ([0xFF, 0x0A, 0xC3], "%FF\n%C3"),
      ([0xF0, 0x9F, 0x41], "%F0%9FA"), ([], ""),
    ] as [([UInt8], String)])
  func text(bytes: [UInt8], text: String) { #expect(BytePath(bytes: bytes).text == text) }

  @Test("given a path, when taken apart, then folder, name and ending")
  func parts() {
    let path = BytePath("a.b/c d.Tar.JPG")
    #expect(path.folder.text == "a.b/" && path.name.text == "c d.Tar.JPG" && path.ending == "jpg")
    #expect(BytePath("a.b/c").ending == nil && BytePath(".hidden").ending == nil && BytePath("x").folder.bytes.isEmpty)
    #expect(
      BytePath("a").appending(BytePath("b")).text == "a/b" && BytePath("a/").appending(BytePath("b")).text == "a/b")
    #expect(BytePath("").appending(BytePath("b")).text == "b")
  }

  @Test(
    "given a URL of a file, when read, then the path",
    arguments: [
      ("file:///tmp/My%20Video.mp4", "/tmp/My Video.mp4"), ("file://localhost/tmp/a%25b.mp4", "/tmp/a%b.mp4"),
      ("file:a b.mp4", "a b.mp4"), ("FILE:/x%C3%A4", "/xä"), ("file:/x/100%", "/x/100%"), ("file:/x/%zz%4", "/x/%zz%4"),
      ("file:/a?b#c", "/a?b#c"), ("file:/a%00b", "/a%00b"), ("file://clips/a.mp4", "clips/a.mp4"),
      ("file:///a/localhost/b", "/a/localhost/b"),
    ])
  func fileURL(url: String, path: String) { #expect(FileURL.path(of: url)?.text == path) }

  @Test(
    "given another text, when read as a URL of a file, then nil",
    arguments: ["a.mp4", "files:/a", "rtsp://a", "fil", ""])
  func noFileURL(text: String) { #expect(FileURL.path(of: text) == nil) }

  @Test("given random bytes, when written as a URL and read again, then the same bytes")
  func roundTrip() {
    var random = SplitMix64(seed: 3)
    for _ in 0..<2000 {
      let bytes = (0..<Int.random(in: 1...12, using: &random)).map { _ in
        // Often what has a meaning in URLs.
        Bool.random(using: &random)
          ? UInt8.random(in: 1...255, using: &random)
          : Array("/%#?:@ lohcatost".utf8).randomElement(using: &random) ?? 0x2F
      }
      let url = FileURL.text(for: BytePath(bytes: bytes))
      #expect(url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
      #expect(FileURL.path(of: url)?.bytes == bytes, "\(url)")
    }
  }
}
