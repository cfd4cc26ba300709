import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore

@Suite struct JSONParserTests {
  private func parse(_ text: String) -> (root: JSONNode?, issues: [String]) { parse(Array(text.utf8)) }

  private func parse(_ bytes: [UInt8]) -> (root: JSONNode?, issues: [String]) {
    var issues = IssueCollector(file: "f")
    let root = JSONParser.parse(bytes, issues: &issues)
    return (root, issues.errors?.issues.map(\.description) ?? [])
  }

  @Test func `given a document, when parsed, then every value knows its line and column`() throws {
    let root = try #require(parse("{\n  \"a\": [1, \"é\", true],\r\n\t\"b\" : {\"c\":-2.5e1}}").root)
    #expect(root.origin == .file(line: 1, column: 1))
    let list = try #require(root["a"]?.elements)
    #expect(list.map(\.origin) == [9, 12, 17].map { .file(line: 2, column: $0) })
    #expect(root.members?[1].keyOrigin == .file(line: 3, column: 2))
    #expect(root["b"]?["c"]?.origin == .file(line: 3, column: 13))
    #expect(root["b"]?["c"]?.number == -25)
    #expect(list[1].string == "é")
  }

  /// Columns count characters, not bytes: the key behind two-byte and four-byte characters is where editors show it.
  @Test func `given characters of several bytes, when a later value is bad, then its column counts characters`() {
    #expect(
      parse("[\"äö😀\", nope]").issues == ["f:1:9: [1]: unknown word 'nope'; strings are written in double quotes"])
  }

  @Test(arguments: [
    ("", "f:1:1: the file is empty; expected an object"),
    (" \n ", "f:1:1: the file is empty; expected an object"),
    ("{} x", "f:1:4: 'x' after the end of the document"),
    ("{", "f:1:2: unexpected end of file; the object opened at 1:1 is not closed"),
    ("[1,\n[2", "f:2:3: [1]: unexpected end of file; the list opened at 2:1 is not closed"),
    ("{\"a\" 1}", "f:1:6: a: missing ':' after the key"),
    ("{\"a\"}", "f:1:5: a: expected ':' after the key, found '}'"),
    ("{\"a\":}", "f:1:6: a: expected a value, found '}'"),
    ("[1 2]", "f:1:4: missing ',' before the next entry of the list"),
    ("[1,]", "f:1:3: a comma after the last entry of the list"),
    ("[1;2]", "f:1:3: expected ',' or ']', found ';'"),
    ("{a: 1}", "f:1:2: keys are written in double quotes"),
    ("{'a': 1}", "f:1:2: expected a key in double quotes, found '''"),
    ("[01]", "f:1:2: [0]: '01' is not a JSON number"),
    ("[+1]", "f:1:2: [0]: '+1' is not a JSON number"),
    ("[.5]", "f:1:2: [0]: '.5' is not a JSON number"),
    ("[1.]", "f:1:2: [0]: '1.' is not a JSON number"),
    ("[0x1F]", "f:1:2: [0]: '0x1F' is not a JSON number"),
    ("[-]", "f:1:2: [0]: '-' is not a JSON number"),
    ("[-Infinity]", "f:1:2: [0]: '-Infinity' is not a JSON number"),
    ("[NaN]", "f:1:2: [0]: unknown word 'NaN'; strings are written in double quotes"),
    ("[True]", "f:1:2: [0]: unknown word 'True'; did you mean true?"),
    ("[1e999]", "f:1:2: [0]: the number '1e999' is out of range"),
    ("[-1e999]", "f:1:2: [0]: the number '-1e999' is out of range"),
    ("[\"a\\q\"]", "f:1:4: [0]: unknown escape in a string; a backslash is written \\\\"),
    ("[\"\\u12G4\"]", "f:1:3: [0]: \\u takes four hexadecimal digits"),
    ("[\"\\ud800\"]", "f:1:3: [0]: half of a surrogate pair"),
    ("[\"\\udc00x\"]", "f:1:3: [0]: half of a surrogate pair"),
    ("[\"\\ud800\\u0041\"]", "f:1:3: [0]: half of a surrogate pair"),
    ("[\"a\u{1}\"]", "f:1:4: [0]: a control character in a string; write \\u0001"),
    ("[\"a\nb\"]", "f:1:2: [0]: the string is not closed on its line"),
    ("[\"a", "f:1:2: [0]: unexpected end of file; the string is not closed"),
    ("[\"a\\", "f:1:2: [0]: unexpected end of file; the string is not closed"),
    ("[1] // c", "f:1:5: JSON has no comments"),
    ("[/* c */ 1]", "f:1:2: JSON has no comments"),
    ("[/* c", "f:1:2: the comment is not closed"),
    ("{\"a\": 1,\n \"a\": 2}", "f:2:2: a: duplicate key; first at 1:2"),
    ("{\"x\": {\"a\": 1, \"\\u0061\": 2}}", "f:1:16: x.a: duplicate key; first at 1:8"),
  ])
  func `given a mistake, when parsed, then it is named with its place`(text: String, expected: String) {
    #expect(parse(text).issues == [expected])
  }

  @Test func `given bytes that are not UTF-8, when parsed, then the first bad one is named`() {
    #expect(parse([0x5B, 0x22, 0xC3, 0xA9, 0xFF, 0x22, 0x5D]).issues == ["f:1:4: [0]: bytes that are not UTF-8"])
    // An overlong slash and an encoded surrogate.
    #expect(parse([0x22, 0xC0, 0xAF, 0x22]).issues == ["f:1:2: bytes that are not UTF-8"])
    #expect(parse([0x22, 0xED, 0xA0, 0x80, 0x22]).issues == ["f:1:2: bytes that are not UTF-8"])
    #expect(parse([0xFE, 0xFF, 0x00, 0x7B]).issues.count == 1)
  }

  @Test func `given a byte order mark, when parsed, then it takes no column`() {
    let (root, issues) = parse([0xEF, 0xBB, 0xBF] + Array("{\"a\": 1}".utf8))
    #expect(issues.isEmpty)
    #expect(root?.members?[0].keyOrigin == .file(line: 1, column: 2))
  }

  @Test func `given several mistakes that can be seen past, when parsed, then all are reported in order`() {
    let (root, issues) = parse("{\"a\": 1e999,\n\"b\": [01, True]\n\"c\": \"\\q\", \"a\": 3,}")
    #expect(
      issues.map { $0.prefix { $0 != " " } } == [
        "f:1:7:", "f:2:7:", "f:2:11:", "f:3:1:", "f:3:7:", "f:3:12:", "f:3:18:",
      ])
    #expect(root != nil, "the document is still checked for other mistakes")
  }

  @Test func `given nesting up to the limit, when parsed, then it is read, and one more is refused`() {
    let depth = JSONParser.maximumDepth
    let good = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    #expect(parse(good).issues.isEmpty)
    let expected = "nested deeper than \(depth) levels"
    #expect(parse("[" + good + "]").issues.first?.hasSuffix(expected) == true)
    #expect(parse(String(repeating: "{\"a\":", count: 100_000)).issues.first?.hasSuffix(expected) == true)
  }

  @Test func `given more values than the limit, when parsed, then it is refused`() {
    let text = "[" + String(repeating: "0,", count: JSONParser.maximumValues) + "0]"
    #expect(parse(text).issues == ["f:1:200000: [99999]: more than 100000 values"])
  }

  @Test func `given numbers, when parsed, then integers stay integers and limits hold`() {
    #expect(parse("9223372036854775807").root?.integer == .max)
    #expect(parse("9223372036854775808").root?.number == 9_223_372_036_854_775_808)
    #expect(parse("9223372036854775808").root?.integer == nil)
    #expect(parse("2.0").root?.integer == 2)
    #expect(parse("2.5").root?.integer == nil)
    #expect(parse("1e-999").root?.number == 0)
    #expect(parse(String(repeating: "9", count: 401)).issues.count == 1)
  }

  // MARK: - Properties

  @Test func `given random documents of Foundation's, when parsed and written again, then Foundation reads the same`()
    throws
  {
    var random = SplitMix64(seed: 1)
    for _ in 0..<300 {
      let value: Any = ["root": Self.value(&random, depth: 0)]
      let options: JSONSerialization.WritingOptions =
        Bool.random(using: &random) ? [.prettyPrinted] : [.withoutEscapingSlashes]
      let data = try JSONSerialization.data(withJSONObject: value, options: options)
      let (root, issues) = parse(Array(data))
      #expect(issues.isEmpty)
      for text in [try #require(root).text(), try #require(root).text(indented: true)] {
        let again = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? NSDictionary
        let before = try JSONSerialization.jsonObject(with: data) as? NSDictionary
        #expect(again == before)
      }
    }
  }

  /// Whatever this parser takes, Foundation's takes too: this one is the stricter.
  @Test func `given damaged documents and garbage, when parsed, then nothing crashes and nothing invalid is taken`()
    throws
  {
    var random = SplitMix64(seed: 2)
    let good = Array(try Data(contentsOf: TestData.packageRoot.appendingPathComponent("pipelines/smart-camera.json")))
    var taken = 0
    for round in 0..<600 {
      var bytes = good
      if round % 3 == 0 {
        bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: .min ... .max, using: &random)
        }
      } else {
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          let at = Int.random(in: 0..<bytes.count, using: &random)
          switch Int.random(in: 0...3, using: &random) {
          case 0: bytes[at] = UInt8.random(in: .min ... .max, using: &random)
          case 1: bytes.remove(at: at)
          case 2: bytes.insert("{}[]\",:\\0-e".utf8.randomElement(using: &random) ?? 0, at: at)
          default: bytes.removeLast(bytes.count - at)
          }
          if bytes.isEmpty { break }
        }
      }
      let (root, issues) = parse(bytes)
      #expect(root != nil || !issues.isEmpty)
      guard root != nil, issues.isEmpty else { continue }
      taken += 1
      #expect((try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil)
    }
    #expect(taken > 0, "some damage, such as a changed letter in a string, leaves JSON")
  }

  private static func value(_ random: inout SplitMix64, depth: Int) -> Any {
    switch Int.random(in: 0...(depth < 4 ? 7 : 5), using: &random) {
    case 0: return NSNull()
    case 1: return Bool.random(using: &random)
    case 2: return Int.random(in: -1_000_000_000_000...1_000_000_000_000, using: &random)
    case 3: return Double.random(in: -1e6...1e6, using: &random)
    case 4: return Double.random(in: 0...1, using: &random) * 1e-200
    case 5: return string(&random)
    case 6: return (0..<Int.random(in: 0...5, using: &random)).map { _ in value(&random, depth: depth + 1) }
    default:
      return (0..<Int.random(in: 0...5, using: &random)).reduce(into: [String: Any]()) { result, index in
        result["\(index)" + string(&random)] = value(&random, depth: depth + 1)
      }
    }
  }

  private static func string(_ random: inout SplitMix64) -> String {
    let letters: [Unicode.Scalar] = [
      "a", "\"", "\\", "/", "\n", "\t", "\u{1}", "\u{7f}", "é", "€", "😀", " ", "{", "\u{2028}",
    ]
    var text = ""
    for _ in 0..<Int.random(in: 0...12, using: &random) {
      text.unicodeScalars.append(letters.randomElement(using: &random) ?? "a")
    }
    return text
  }
}
