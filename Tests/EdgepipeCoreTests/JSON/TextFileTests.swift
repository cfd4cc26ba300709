@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@Suite("Text files")
struct TextFileTests {
  private func lines(_ bytes: [UInt8]) -> [String] { TextFile.lines(bytes).map { String(decoding: $0, as: UTF8.self) } }

  @Test("given any line ends, when split, then the same lines", arguments: ["\n", "\r\n", "\r"])
  func lineEnds(end: String) {
    #expect(lines(Array(["a", "", "b c", ""].joined(separator: end).utf8)) == ["a", "", "b c", ""])
  }

  @Test("given a byte-order mark, when read, then it is no part of the text")
  func mark() {
    #expect(lines([0xEF, 0xBB, 0xBF] + Array("helmet\r\nvest".utf8)) == ["helmet", "vest"])
    // UTF-16, as a Windows shell writes what is redirected.
    #expect(lines([0xFF, 0xFE, 0x68, 0, 0xE4, 0, 0x0D, 0, 0x0A, 0, 0x62, 0]) == ["hä", "b"])
    #expect(lines([0xFE, 0xFF, 0, 0x68, 0, 0x0A, 0, 0x62]) == ["h", "b"])
  }

  @Test("given bytes that are no UTF-8, when read, then they stay as they are")
  func bytes() { #expect(TextFile.lines([0x61, 0xE9, 0x0A, 0xFF]) == [[0x61, 0xE9], [0xFF]]) }

  @Test("given random lines joined with random ends, when split, then the lines come back")
  func property() {
    var random = SplitMix64(seed: 12)
    for _ in 0..<500 {
      // No empty lines: CR and then LF would be one end.
      let parts = (0..<Int.random(in: 1...6, using: &random)).map { _ in
        (0..<Int.random(in: 1...5, using: &random)).map { _ in UInt8.random(in: 0x20...0x7E, using: &random) }
      }
      var text: [UInt8] = Bool.random(using: &random) ? [0xEF, 0xBB, 0xBF] : []
      for (index, part) in parts.enumerated() {
        text += part
        if index < parts.count - 1 { text += ["\n", "\r\n", "\r"][Int.random(in: 0...2, using: &random)].utf8 }
      }
      #expect(TextFile.lines(text).map(Array.init) == parts)
    }
  }
}
