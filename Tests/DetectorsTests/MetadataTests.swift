@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Detectors

@Suite struct MetadataTests {
  @Test(arguments: [
    ("{0: 'helmet', 1: 'no-helmet'}", ["helmet", "no-helmet"]),
    (#"{"0": "helmet", "1": "no-helmet"}"#, ["helmet", "no-helmet"]),
    ("['a', \"b's\",]", ["a", "b's"]), (#"["a", "b"]"#, ["a", "b"]), ("('a',)", ["a"]),
    ("{1: 'b', 0: 'a'}", ["a", "b"]), ("{0: 'a', 2: 'c'}", ["a", "class1", "c"]),
    (#"{0: 'Hund "Rex"', 1: "it's, a\ncat"}"#, ["Hund \"Rex\"", "it's, a\ncat"]),
    (#"{0: '\xe9t\u00e9', 1: "\ud83d\ude00", 2: '\U0001f600'}"#, ["été", "😀", "😀"]), ("{0: 7}", ["7"]),
    ("{0: '猫', 1: '}: {'}", ["猫", "}: {"]),
  ])
  func givenNamesAsExportersWriteThem_whenRead_thenTheyAreInTheModelsOrder(text: String, names: [String]) {
    #expect(ModelMetadata(["names": text]).names == names)
  }

  @Test(arguments: [
    "", "{", "{0: 'a'", "{0: 'a' 1: 'b'}", "{-1: 'a'}", "{'x': 'a'}", "{0: ['a']}", "[]", "{}", "open('/etc/passwd')",
    "{0: 'a'} and more", "{9999999999: 'a'}", String(repeating: "[", count: 10_000), "{0: '\\ud800'}", "nan",
  ])
  func givenWhatIsNoListOfNames_whenRead_thenNothingIsSaid(text: String) {
    #expect(ModelMetadata(["names": text]).names == nil)
  }

  /// Every list of names comes back from Python's and from JSON's way to write it.
  @Test func givenAnyNames_whenWrittenAndRead_thenTheyAreTheSame() {
    var random = SplitMix64(seed: 7)
    let letters = Array("ab'\"\\{}[]:,\n\t é猫😀#0")
    for _ in 0..<500 {
      let names = (0..<Int.random(in: 1...6, using: &random)).map { _ in
        String((0..<Int.random(in: 0...8, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a" })
      }
      let quoted = names.map { name in
        "'" + name.map { ["'": "\\'", "\\": "\\\\", "\n": "\\n", "\t": "\\t"][$0] ?? String($0) }.joined() + "'"
      }
      let python = "{" + quoted.enumerated().map { "\($0.offset): \($0.element)" }.joined(separator: ", ") + "}"
      #expect(ModelMetadata(["names": python]).names == names)
      #expect(ModelMetadata(["names": "[\(quoted.joined(separator: ","))]"]).names == names)
      // Cut anywhere, it is no literal any more, and nothing else happens.
      let cut = String(python.prefix(Int.random(in: 0..<python.count, using: &random)))
      #expect(ModelMetadata(["names": cut]).names == nil)
    }
  }

  @Test func givenTheOtherKeys_whenRead_thenTheyAreNumbersAndFlags() {
    let all = ModelMetadata([
      "task": "detect", "stride": "64", "imgsz": "[384, 640]", "args": "{'batch': 1, 'nms': True}",
    ])
    #expect(all.task == "detect" && all.stride == 64 && all.isEndToEnd)
    #expect(all.imageSize?.height == 384 && all.imageSize?.width == 640)
    #expect(ModelMetadata(["imgsz": "320"]).imageSize?.width == 320)
    #expect(ModelMetadata(["end2end": "True"]).isEndToEnd && !ModelMetadata(["end2end": "False"]).isEndToEnd)
    #expect(ModelMetadata(["stride": "[8, 16, 32]"]).stride == 32)
    #expect(ModelMetadata(["stride": "0", "imgsz": "[-1, 640]"]) == ModelMetadata())
  }
}
