import EdgepipeCore
import Foundation
import Testing

@testable import EdgepipeRemote

struct JSONCursorTests {
  private func numbers(_ text: String) throws(RemoteFailure) -> [Float] {
    var cursor = JSONCursor(Array(text.utf8))
    let numbers = try cursor.numbers()
    try cursor.end()
    return numbers
  }

  @Test("given floats as other programs write them, when they are read, then each is the same number")
  func sameNumbers() throws {
    var random = SplitMix64(seed: 3)
    var values: [Float] = [0, -0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e-30, 0.1, 16_777_217]
    for _ in 0..<20_000 {
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      if value.isFinite { values.append(value) }
    }
    // As doubles, which is how Python and Triton write single precision, and in the shortest way.
    for text in [values.map { "\(Double($0))" }, values.map { "\($0)" }] {
      #expect(try numbers("[" + text.joined(separator: ", ") + "]").map(\.bitPattern) == values.map(\.bitPattern))
    }
  }

  @Test("given numbers of any form, when they are read, then they are those of the library's parser")
  func forms() throws {
    let forms = [
      "12", "-0.5", "1e5", "1E+05", "2.5e-3", "123456789012345678901234567890", "0.000000000000000000001", "1e-400",
    ]
    #expect(try numbers("[\(forms.joined(separator: ","))]") == forms.map { Float(Double($0) ?? .nan) })
  }

  @Test("given null, NaN and infinities, when they are read, then they are NaN and infinities")
  func special() throws {
    let values = try numbers("[null,NaN,Infinity,-Infinity,true]")
    #expect(values[0].isNaN && values[1].isNaN && values[2...] == [.infinity, -.infinity, 1])
  }

  @Test(
    "given text that is no JSON, when it is read, then it is refused",
    arguments: [
      "[1,]", "[01]", "[1.]", "[.5]", "[+1]", "[1e]", "[-]", "[1 2]", "[\"a\"]", "[nul]", "[1", "1]", "[--1]", "[1]]",
    ])
  func refused(_ text: String) {
    #expect(Requests.failure { _ = try numbers(text) }?.kind == .malformed)
  }

  @Test("given strings with escapes, when they are read, then they are those of Foundation's parser")
  func strings() throws {
    let text = #""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud800x é""#
    var cursor = JSONCursor(Array(text.utf8))
    #expect(try cursor.string() == "a\"\\/\u{8}\u{C}\n\r\té😀\u{FFFD}x é")
  }

  @Test("given nesting without end, when it is skipped, then it is refused and the stack holds")
  func deep() {
    var cursor = JSONCursor([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000))
    #expect(Requests.failure { try cursor.skip() }?.kind == .malformed)
  }
}
