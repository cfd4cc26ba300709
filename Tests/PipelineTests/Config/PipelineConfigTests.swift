import Foundation
import Testing

@testable import EdgepipeCore
@testable import Pipeline

@Suite struct PipelineConfigTests {
  private typealias Stages = ConfigTestStages

  @Test func `given a good file, when loaded, then every value is there`() throws {
    let config = try Stages.load(Stages.good)
    #expect(config.version == 1)
    #expect(config.name == "good")
    #expect(config.budget == .init(deadlineMs: 100, powerW: 12.5))
    #expect(config.framesInFlight == 12)
    #expect(config.stages.map(\.id) == ["camera", "scale", "objects", "tracks", "events"])
    #expect(config.stages.map(\.role) == [.source, .transform, .transform, .transform, .sink])
    let objects = try #require(config[stage: "objects"])
    #expect(objects.type == "detect.test")
    #expect(objects.after == ["scale"])
    #expect(objects.workers == 2)
    #expect(objects.queue == QueueSettings(capacity: 8, overflow: .dropOldest))
    let tracks = try #require(config[stage: "tracks"])
    #expect(tracks.workers == 1)
    #expect(tracks.queue == QueueSettings())
    #expect(String(decoding: tracks.configurationData, as: UTF8.self) == "{}")
  }

  private struct Decoded: Decodable, Equatable {
    var model: String
    var shape: [Int]
    var score: Double
  }

  @Test func `given a config object, when turned into data, then Foundation decodes it`() throws {
    let data = try #require(Stages.load(Stages.good)[stage: "objects"]).configurationData
    #expect(
      try JSONDecoder().decode(Decoded.self, from: data) == Decoded(model: "tiny", shape: [320, 640], score: 0.5))
  }

  @Test func `given no name, when loaded, then the file gives it`() throws {
    let text = Stages.good("\"name\": \"good\",", "\"$schema\": \"x.json\",")
    #expect(try PipelineConfig.load(text: text, file: "a/b/street.json", registry: Stages.registry).name == "street")
  }

  @Test(arguments: [
    ("\"score\"", "\"scroe\"", "p.json:11:57: stages[2].config.scroe: unknown key; did you mean 'score'?"),
    (
      "\"score\"", "\"colour\"",
      "p.json:11:57: stages[2].config.colour: unknown key; known keys: classes, maxDetections, model, score, shape, tuning"
    ),
    ("0.5 }", "2 }", "p.json:11:66: stages[2].config.score: expected a number in 0...1, found 2"),
    ("0.5 }", "\"high\" }", "p.json:11:66: stages[2].config.score: expected a number in 0...1, found a string"),
    ("0.5 }", "null }", "p.json:11:66: stages[2].config.score: expected a number in 0...1, found null"),
    ("\"model\": \"tiny\",", "", "p.json:11:17: stages[2].config: missing key 'model'"),
    (
      "[320, 640]", "\"autp\"",
      "p.json:11:45: stages[2].config.shape: unknown value 'autp'; did you mean 'auto'? (known values: auto, square)"
    ),
    (
      "[320, 640]", "[320]",
      "p.json:11:45: stages[2].config.shape: expected a list of 2 entries, each an integer in 32...4096, found 1 "
        + "entries"
    ),
    ("[320, 640]", "[320, 7]", "p.json:11:51: stages[2].config.shape[1]: expected an integer in 32...4096, found 7"),
    (
      "[320, 640]", "320",
      "p.json:11:45: stages[2].config.shape: expected one of auto, square or a list of 2 entries, each an integer in "
        + "32...4096, found an integer"
    ),
    (
      "0.5 }", "0.5, \"tuning\": {\"fats\": true} }",
      "p.json:11:82: stages[2].config.tuning.fats: unknown key; did you mean 'fast'?"
    ),
    ("\"version\": 1", "\"version\": 2", "p.json:2:14: version: expected an integer in 1...1, found 2"),
    ("\"version\": 1,", "", "p.json:1:1: missing key 'version'"),
    (
      "\"name\": \"good\"", "\"name\": \"../good\"",
      "p.json:3:11: name: expected 1 to 100 characters, no '/' and no control characters"
    ),
    (
      "\"framesInFlight\": 12", "\"framesInFlight\": 0",
      "p.json:5:21: framesInFlight: expected an integer in 1...1024, found 0"
    ),
    (
      "\"framesInFlight\": 12", "\"framesInFlight\": 1.5",
      "p.json:5:21: framesInFlight: expected an integer in 1...1024, found a number"
    ),
    (
      "\"powerW\": 12.5", "\"enforce\": true",
      "p.json:4:45: budget.enforce: there is nothing to enforce; add 'powerW'"
    ),
    ("\"powerW\": 12.5", "\"powerw\": 12.5", "p.json:4:34: budget.powerw: unknown key; did you mean 'powerW'?"),
    (
      "\"workers\": 2", "\"workers\": 9", "p.json:9:78: stages[2].workers: detect.test takes at most 8 workers, found 9"
    ),
    ("\"workers\": 2", "\"workers\": 65", "p.json:9:78: stages[2].workers: expected an integer in 1...64, found 65"),
    (
      "\"type\": \"track.test\"", "\"type\": \"track.test\", \"workers\": 2",
      "p.json:12:56: stages[3].workers: track.test needs its frames in order and takes 1 worker, found 2"
    ),
    (
      "\"dropOldest\"", "\"dropoldest\"",
      "p.json:10:45: stages[2].queue.overflow: unknown value 'dropoldest'; did you mean 'dropOldest'? (known values: "
        + "block, dropOldest, dropNewest, dropLate)"
    ),
    (
      "\"capacity\": 8", "\"capacity\": 5000",
      "p.json:10:30: stages[2].queue.capacity: expected an integer in 1...4096, found 5000"
    ),
    (
      "detect.test", "detect.tset",
      "p.json:9:32: stages[2].type: unknown stage type 'detect.tset'; did you mean 'detect.test'? (known types: "
        + "detect.test, preprocess.test, sink.test, source.test, track.test)"
    ),
    (
      "detect.test", "mail",
      "p.json:9:32: stages[2].type: unknown stage type 'mail'; known types: "
        + "detect.test, preprocess.test, sink.test, source.test, track.test"
    ),
    (
      "\"config\": { \"path\": \"out/events.jsonl\" }", "\"config\": {}",
      "p.json:13:75: stages[4].config: missing key 'path'"
    ),
    (", \"config\": { \"path\": \"out/events.jsonl\" }", "", "p.json:13:5: stages[4].config: missing key 'path'"),
    ("{ \"path\": \"out/events.jsonl\" }", "[]", "p.json:13:75: stages[4].config: expected an object, found a list"),
    (
      "\"id\": \"events\"", "\"id\": \"../events\"",
      "p.json:13:13: stages[4].id: '../events' is not a stage id; expected 1 to 32 letters, digits, '-' or '_'"
    ),
  ])
  func `given one mistake, when loaded, then one line names its place and the remedy`(
    old: String, new: String, expected: String
  ) {
    #expect(Stages.issues(Stages.good(old, new)) == [expected])
  }

  @Test func `given many mistakes, when loaded, then all are reported at once in the order of the file`() {
    var text = Stages.good("\"version\": 1", "\"version\": \"1\"")
    text = text.replacing("\"score\"", with: "\"scroe\"").replacing("[\"tracks\"]", with: "[\"track\"]")
    text = text.replacing("\"type\": \"track.test\"", with: "\"type\": \"track.tset\"")
    text = text.replacing("\"url\": \"a.mp4\"", with: "\"url\": 7, \"url\": 1e999").replacing("12.5", with: "012")
    let places = Stages.issues(text).map { $0.split(separator: " ")[1] }
    #expect(
      places == [
        "version:", "budget.powerW:", "stages[0].config.url:", "stages[0].config.url:", "stages[0].config.url:",
        "stages[2].config.scroe:", "stages[3].type:", "stages[4].after[0]:",
      ])
  }

  @Test func `given a file that is no pipeline, when loaded, then the issues are limited and the rest counted`() {
    let text = "{" + (0..<500).map { "\"x\($0)\": 1" }.joined(separator: ",") + "}"
    let lines = Stages.issues(text)
    #expect(lines.count == ConfigErrors.limit + 1)
    #expect(lines.last == "p.json: and 402 more", "500 unknown keys and two missing ones, of which 100 are shown")
  }

  @Test func `given a value of another type as the document, when loaded, then it is refused`() {
    #expect(Stages.issues("[]") == ["p.json:1:1: expected an object, found a list"])
    #expect(Stages.issues("{\"version\":1,\"stages\":{}}").count == 1)
    #expect(Stages.issues("{\"version\":1,\"stages\":[]}").first?.contains("a list of 1 to 256 entries") == true)
    #expect(
      Stages.issues("{\"version\":1,\"stages\":[1]}") == [
        "p.json:1:24: stages[0]: expected an object, found an integer"
      ])
  }

  // MARK: - Issues that stages find

  @Test func `given an error of a stage that names a value, when made an issue, then it is placed at that key`() throws
  {
    let config = try Stages.load(Stages.good)
    let error = PipelineError(
      "no model 'tiny'", remedy: "edgepipe models pull tiny", stage: "objects", code: .invalidConfiguration)
    #expect(
      config.issue(forStage: "objects", error: error).description
        == "p.json:11:28: stages[2].config.model: no model 'tiny'; edgepipe models pull tiny")
    let other = config.issue(forStage: "objects", error: PipelineError("no engine", code: .unavailable))
    #expect(other.description == "p.json:11:17: stages[2].config: no engine")
    #expect(ConfigErrors(issues: [other]).exit == .unavailable)
    #expect(ConfigErrors(issues: [other, config.issue(forStage: "objects", error: error)]).exit == .config)
    #expect(
      config.issue(forStage: "tracks", message: "odd").description == "p.json:12:5: stages[3].config: odd",
      "a stage without config is named itself")
  }

  @Test func `given a value from the environment, when a stage complains about it, then the issue shows the name`()
    throws
  {
    let text = Stages.good("\"a.mp4\"", "\"${CLIP}\"")
    let config = try Stages.load(text, environment: ["CLIP": "s3cret.mp4"])
    let issue = config.issue(forStage: "camera", error: PipelineError("no file 's3cret.mp4'", code: .notFound))
    #expect(issue.description == "p.json:7:65: stages[0].config.url: no file '${CLIP}'")
    #expect(issue.code == .notFound)
  }

  @Test func `given a fault deep in a config, when made an issue, then it is placed at that value`() throws {
    let config = try Stages.load(Stages.good)
    func place(_ key: String) -> String {
      config.issue(StageFault(PipelineError("odd", stage: "scale", code: .invalidConfiguration), key: key)).description
    }
    #expect(place("for[0]") == "p.json:8:90: stages[1].config.for[0]: odd")
    for unknown in ["for[1]", "for[-1]", "for.x", "labels[0]", "for[0][0]", ""] {
      #expect(place(unknown) == "p.json:8:80: stages[1].config: odd", "\(unknown)")
    }
  }

  @Test func `given a fault in a value from the environment, when made an issue, then nothing tells what it is`() throws
  {
    let config = try Stages.load(
      Stages.good("\"for\": [\"objects\"]", "\"for\": [\"${WHO}\"]"), environment: ["WHO": "s3cret"])
    let fault = StageFault(
      PipelineError("no stage 's3cret'", remedy: "did you mean 's3cre7'?", stage: "scale", code: .invalidConfiguration),
      key: "for[0]"
    )
    #expect(config.issue(fault).description == "p.json:8:90: stages[1].config.for[0]: no stage '${WHO}'")
  }

  @Test func `given inputs from the command line, when planned, then the source says so`() throws {
    func isReplaced(_ overrides: PipelineOverrides) throws -> Bool? {
      let config = try PipelineConfig.load(
        text: Stages.good, file: "p.json", registry: Stages.registry, overrides: overrides)
      return PipelinePlan(config, registry: Stages.registry).stages.first?.hasReplacedInputs
    }
    #expect(try isReplaced(PipelineOverrides()) == false)
    #expect(try isReplaced(PipelineOverrides(sets: ["camera.realtime=true"])) == false)
    #expect(try isReplaced(PipelineOverrides(sets: ["camera.url=b.mp4"])) == true)
    #expect(try isReplaced(PipelineOverrides(sources: ["b.mp4"])) == true)
    #expect(try isReplaced(PipelineOverrides(sources: ["x=rtsp://a/b", "y=rtsp://a/c"])) == true)
  }
}
