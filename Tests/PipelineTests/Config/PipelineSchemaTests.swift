import Foundation
@testable import Pipeline
import PipelineTestSupport
import Testing

@Suite struct PipelineSchemaTests {
  private static let python: URL? = TestData.python.flatMap { python in
    let check = try? TestData.run(
      python, ["-c", "import importlib.util as u; print(u.find_spec('jsonschema') is not None)"])
    return check.map { String(decoding: $0.output, as: UTF8.self).hasPrefix("True") } == true ? python : nil
  }

  @Test func `given a registry, when the schema is printed, then every type is described with its defaults`() throws {
    let text = PipelineSchema.json(registry: ConfigTestStages.registry)
    let schema = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
    let definitions = try #require(schema["$defs"] as? [String: [String: Any]])
    #expect(
      definitions.keys.sorted() == [
        "detect.test", "preprocess.test", "sink.test", "source.test", "stage", "track.test",
      ])
    #expect(definitions["detect.test"]?["description"] as? String == "Finds things.")
    let config = (definitions["detect.test"]?["properties"] as? [String: Any])?["config"] as? [String: Any]
    let score = (config?["properties"] as? [String: Any])?["score"] as? [String: Any]
    #expect(score?["default"] as? Double == 0.3)
    #expect(score?["maximum"] as? Double == 1)
    #expect(score?["description"] as? String == "The lowest score.")
  }

  @Test func `given an empty registry, when the schema is printed, then it is still JSON`() throws {
    let text = PipelineSchema.json(registry: StageRegistry())
    #expect((try? JSONSerialization.jsonObject(with: Data(text.utf8))) != nil)
  }

  /// Mistakes that a schema can see, each made in the good file. Links between stages and values of the environment
  /// are beyond it.
  private static let documents: [String] = [
    ("", ""), ("\"version\": 1", "\"version\": 2"), ("\"version\": 1,", ""), ("\"name\"", "\"nmae\""), ("12.5", "-1"),
    ("\"framesInFlight\": 12", "\"framesInFlight\": 12.0"), ("\"framesInFlight\": 12", "\"framesInFlight\": 12.5"),
    ("\"score\"", "\"scroe\""), ("0.5 }", "2 }"), ("0.5 }", "\"a\" }"), ("0.5 }", "null }"), ("0.5 }", "1 }"),
    ("\"model\": \"tiny\",", ""), ("[320, 640]", "\"square\""), ("[320, 640]", "\"round\""), ("[320, 640]", "[320]"),
    ("[320, 640]", "[1, 2]"), ("\"workers\": 2", "\"workers\": 9"), ("\"workers\": 2", "\"workers\": 0"),
    ("\"workers\": 2", "\"workers\": 8"), ("\"dropOldest\"", "\"drop\""), ("\"capacity\": 8", "\"capacity\": 4097"),
    ("detect.test", "detect.tset"), ("\"events\"", "\"a/b\""), ("\"events\"", "\"\""),
    ("\"after\": [\"tracks\"], ", ""),
    ("[\"tracks\"]", "[]"), ("[\"tracks\"]", "[\"tracks\", \"tracks\"]"), ("[\"tracks\"]", "\"tracks\""),
    ("\"type\": \"source.test\"", "\"type\": \"source.test\", \"after\": []"),
    ("\"type\": \"source.test\"", "\"type\": \"source.test\", \"after\": [\"scale\"]"),
    ("\"config\": { \"path\": \"out/events.jsonl\" }", "\"config\": {}"),
    (", \"config\": { \"path\": \"out/events.jsonl\" }", ""), ("{ \"path\": \"out/events.jsonl\" }", "[]"),
    ("{ \"for\": [\"objects\"] }", "{ \"for\": [] }"), (", \"config\": { \"for\": [\"objects\"] }", ""),
    ("0.5 }", "0.5, \"tuning\": {} }"), ("0.5 }", "0.5, \"tuning\": {\"fast\": 1} }"),
    ("0.5 }", "0.5, \"tuning\": {\"slow\": true} }"),
  ].map { $0.0.isEmpty ? ConfigTestStages.good : ConfigTestStages.good($0.0, $0.1) }

  // Needs Python's jsonschema in .deps/python (scripts/setup): an independent reader of the schema.
  @Test(.enabled(if: python != nil, "needs .deps/python with jsonschema"))
  func `given files right and wrong, when checked by jsonschema, then it agrees with the program`() throws {
    let folder = try TestData.temporaryFolder("schema")
    defer { try? FileManager.default.removeItem(at: folder) }
    let schema = folder.appendingPathComponent("schema.json")
    try Data(PipelineSchema.json(registry: ConfigTestStages.registry).utf8).write(to: schema)
    let documents = folder.appendingPathComponent("documents.json")
    try Data(("[" + Self.documents.joined(separator: ",") + "]").utf8).write(to: documents)
    let script = """
      import json, sys
      from jsonschema import Draft202012Validator
      schema = json.load(open(sys.argv[1]))
      Draft202012Validator.check_schema(schema)
      validator = Draft202012Validator(schema)
      print("".join("1" if validator.is_valid(d) else "0" for d in json.load(open(sys.argv[2]))))
      """
    let result = try TestData.run(try #require(Self.python), ["-c", script, schema.path, documents.path])
    #expect(result.status == 0)
    let theirs = String(decoding: result.output, as: UTF8.self).filter { $0 == "0" || $0 == "1" }.map { $0 == "1" }
    let ours = Self.documents.map { ConfigTestStages.issues($0).isEmpty }
    #expect(theirs.count == ours.count)
    for (index, (a, b)) in zip(theirs, ours).enumerated() {
      #expect(a == b, "\(Self.documents[index]) \(ConfigTestStages.issues(Self.documents[index]))")
    }
    #expect(Set(ours) == [true, false])
  }
}
