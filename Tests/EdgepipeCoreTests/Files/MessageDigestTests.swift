import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore

@Suite("Message digests")
struct MessageDigestTests {
  /// The examples of FIPS 180.
  @Test(
    "given the standard's texts, when hashed, then the standard's hashes",
    arguments: [
      (
        "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "a9993e364706816aba3e25717850c26c9cd0d89d"
      ),
      (
        "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709"
      ),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
      ),
    ])
  func standard(text: String, sha256: String, sha1: String) {
    #expect(MessageDigest.hexadecimal(of: Data(text.utf8), .sha256) == sha256)
    #expect(MessageDigest.hexadecimal(of: Data(text.utf8), .sha1) == sha1)
  }

  @Test("given a million bytes, when hashed in pieces of any length, then the hash of the whole")
  func pieces() {
    let data = Data(repeating: UInt8(ascii: "a"), count: 1_000_000), digest = MessageDigest(.sha256)
    var random = SplitMix64(seed: 5), start = 0
    while start < data.count {
      let end = min(start + Int.random(in: 0...70_000, using: &random), data.count)
      digest.update(data[start..<end])
      start = end
    }
    #expect(digest.finish() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test("given a file longer than what is read at a time, when hashed, then the hash of its bytes")
  func file() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("edgepipe-hash-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    let data = Data((0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    try data.write(to: file)
    #expect(try FileHash.sha256(of: file) == FileHash.sha256(of: data))
  }
}
