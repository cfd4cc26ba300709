import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Stages

@Suite("Stream lists")
struct StreamListTests {
  private func read(_ text: String, _ environment: [String: String] = [:]) throws -> [[String]] {
    try StreamListFile.entries(Array(text.utf8), name: "list.txt", environment: environment).map { [$0.id, $0.url] }
  }

  @Test("given a list that Windows wrote, when read, then its streams")
  func windows() throws {
    let expected = [["door", "a.mp4"], ["yard", "rtsp://b/c"]]
    #expect(try read("# cameras\r\ndoor a.mp4\r\n\r\nyard\trtsp://b/c  \r\n") == expected)
    #expect(try read("\u{FEFF}door a.mp4\nyard rtsp://b/c") == expected)
    #expect(try read("  door   a.mp4\r   yard rtsp://b/c") == expected)
  }

  @Test(
    "given a url in quotes, when read, then it may have spaces and quotes of the other kind",
    arguments: [
      (#"door "My Video.mp4""#, "My Video.mp4"), ("door '/a/it \"is\" b.mp4'", "/a/it \"is\" b.mp4"),
      (#"door   " a b ""#, " a b "), (#"door a"b.mp4"#, #"a"b.mp4"#), (#"door "a#b""#, "a#b"),
    ])
  func quotes(line: String, url: String) throws { #expect(try read(line) == [["door", url]]) }

  @Test(
    "given a line that is wrong, when read, then its number and what helps",
    arguments: [
      ("door My Video.mp4", "quotes"), (#"door "My Video.mp4"#, "pair of quotes"), (#"door "a" b"#, "pair of quotes"),
      (#"door """#, "pair of quotes"), ("door", "id url"), ("do.or a.mp4", "letters"),
    ])
  func wrong(line: String, remedy: String) throws {
    let error = try #require(throws: PipelineError.self) { try read("yard a.mp4\r\n" + line) }
    #expect(error.exit == .config && error.message.hasPrefix("list.txt:2: "))
    #expect("\(error)".contains(remedy), "\(error)")
  }

  @Test("given variables, when read, then their values, also with spaces")
  func variables() throws {
    #expect(try read("door ${FILM}", ["FILM": "my film.mp4"]) == [["door", "my film.mp4"]])
    #expect(throws: PipelineError.self) { try read("door ${NONE}") }
  }

  @Test("given a name that is no UTF-8, when read, then a URL that stands for the same bytes")
  func bytes() throws {
    let entries = try StreamListFile.entries(
      Array("door \"caf".utf8) + [0xE9] + Array(" 1%.mp4\"\n".utf8), name: "l", environment: [:])
    #expect(entries.map(\.url) == ["file:caf%E9%201%25.mp4"])
    #expect(FileURL.path(of: entries[0].url)?.bytes == Array("caf".utf8) + [0xE9] + Array(" 1%.mp4".utf8))
  }

  @Test("given no streams or no text, when read, then refused", arguments: ["", "# a\r\n\r\n", "door a\0b.mp4"])
  func nothing(text: String) { #expect(throws: PipelineError.self) { try read(text) } }

  @Test("given random bytes, when read, then streams or an error, and never a crash")
  func anything() {
    var random = SplitMix64(seed: 5)
    let alphabet = Array("ab \"'#\r\n\t%$".utf8) + [0xE9, 0xEF, 0xBB, 0xBF, 0xFF, 0xFE]
    for _ in 0..<3000 {
      let bytes = (0..<Int.random(in: 0...30, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
      guard let entries = try? StreamListFile.entries(bytes, name: "l", environment: [:]) else { continue }
      #expect(entries.allSatisfy { StreamEntry.isGood(id: $0.id) && !$0.url.isEmpty })
    }
  }
}
