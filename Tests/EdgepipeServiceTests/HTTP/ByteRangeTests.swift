import Testing

@testable import EdgepipeService

@Suite("Ranges of bytes")
struct ByteRangeTests {
  @Test(
    "given a field Range, when read for a file of ten bytes, then it is as RFC 9110 says",
    arguments: [
      (nil, ByteRange.whole), ("bytes=0-", .part(0..<10)), ("bytes=0-0", .part(0..<1)), ("bytes=2-4", .part(2..<5)),
      ("bytes=9-", .part(9..<10)), ("bytes=3-99", .part(3..<10)), ("bytes=-3", .part(7..<10)),
      ("bytes=-99", .part(0..<10)),
      ("bytes=10-", .none), ("bytes=99-100", .none), ("bytes=-0", .none),
      ("bytes=5-99999999999999999999", .part(5..<10)),
      ("bytes=99999999999999999999-", .none),
      // What cannot be read, and several, is as if it were not there.
      ("bytes=4-2", .whole), ("bytes=-", .whole), ("bytes=a-b", .whole), ("bytes=0-1,3-4", .whole),
      ("lines=0-1", .whole),
      ("bytes=+1-2", .whole), ("bytes=0-1-2", .whole), ("", .whole),
    ] as [(String?, ByteRange)])
  func read(field: String?, range: ByteRange) { #expect(ByteRange(field, of: 10) == range) }

  @Test("given a file without a byte, when a part is asked for, then there is none")
  func empty() {
    #expect(ByteRange("bytes=0-", of: 0) == .none && ByteRange("bytes=-1", of: 0) == .none)
    #expect(ByteRange(nil, of: 0) == .whole)
  }
}
