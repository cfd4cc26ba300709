import Testing

@testable import EdgepipeCore
@testable import Pipeline

@Suite struct OverridesTests {
  private typealias Stages = ConfigTestStages

  @Test func `given overrides of a stage's options, when loaded, then they replace and add values`() throws {
    let config = try Stages.load(
      Stages.good,
      set: [
        "objects.score=0.75", "objects.classes=[\"person\", \"car\"]", "objects.tuning.fast=true",
        "objects.model=yolox",
        "camera.config.realtime=true",
      ])
    let objects = try #require(config[stage: "objects"]).config
    #expect(objects["score"]?.number == 0.75)
    #expect(objects["classes"]?.elements?.compactMap(\.string) == ["person", "car"])
    #expect(objects["tuning"]?.text() == "{\"fast\":true}")
    #expect(objects["model"]?.string == "yolox")
    #expect(config[stage: "camera"]?.config["realtime"]?.text() == "true")
  }

  @Test func `given overrides of the stage's own keys, when loaded, then they do not reach its config`() throws {
    let config = try Stages.load(
      Stages.good,
      set: [
        "scale.workers=3", "scale.queue.capacity=9", "tracks.queue={\"overflow\":\"block\"}",
        "events.after=[\"objects\", \"tracks\"]",
      ])
    #expect(config[stage: "scale"]?.workers == 3)
    #expect(config[stage: "scale"]?.queue == QueueSettings(capacity: 9))
    #expect(config[stage: "tracks"]?.queue.overflow == .block)
    #expect(config[stage: "events"]?.after == ["objects", "tracks"])
  }

  @Test func `given the same override twice, when loaded, then the last wins`() throws {
    #expect(try Stages.load(Stages.good, set: ["scale.workers=3", "scale.workers=2"])[stage: "scale"]?.workers == 2)
  }

  @Test(arguments: [
    ("objects.scroe=1", "--set objects.scroe: stages[2].config.scroe: unknown key; did you mean 'score'?"),
    ("objects.score=7", "--set objects.score: stages[2].config.score: expected a number in 0...1, found 7"),
    ("objects.score=1e999", "--set objects.score: stages[2].config.score: expected a number in 0...1, found a string"),
    ("objcts.score=1", "--set objcts.score: no stage 'objcts'; did you mean 'objects'?"),
    ("zzzzzzz.score=1", "--set zzzzzzz.score: no stage 'zzzzzzz'; stages: camera, scale, objects, tracks, events"),
    ("objects=1", "--set objects: expected stage.key=value"),
    ("objects.score", "--set objects.score: expected stage.key=value"),
    ("objects..score=1", "--set objects..score: expected stage.key=value"),
    (
      "objects.score.x=1",
      "--set objects.score.x: stages[2].config.score: is not an object and has no keys to set"
    ),
    ("scale.workers=5", "--set scale.workers: stages[1].workers: preprocess.test takes at most 4 workers, found 5"),
    ("camera.url=${NOPE}", "--set camera.url: stages[0].config.url: the environment variable 'NOPE' is not set"),
  ])
  func `given a bad override, when loaded, then the issue names the override`(override: String, expected: String) {
    #expect(Stages.issues(Stages.good, set: [override]) == [expected])
  }

  @Test func `given a secret in a bad override, when loaded, then it is not shown`() {
    let lines = Stages.issues(
      Stages.good, set: ["objects.shape=hunter2", "nobody.x=hunter2", "camera.realtime=rtsp://u:hunter2@h"],
      source: ["scale=rtsp://u:hunter2@h/"])
    #expect(lines.count == 4)
    // The word list quotes what was written, as the file's own words are quoted; URLs never show their passwords.
    #expect(lines.filter { $0.contains("hunter2") } == lines.filter { $0.hasPrefix("--set objects.shape") })
  }

  @Test func `given a password of any length in a bad value, when loaded, then it is not shown`() {
    for length in [1, 100, 300, 10_000] {
      let url = "rtsp://u:hunter2" + String(repeating: "x", count: length) + "@h/"
      let lines = Stages.issues(Stages.good("\"dropOldest\"", "\"\(url)\""))
      #expect(lines.count == 1 && !lines[0].contains("hunter2"))
    }
  }

  @Test func `given a source override, when there is one source, then its url changes`() throws {
    func url(_ source: String) throws -> String? {
      try Stages.load(Stages.good, source: [source])[stage: "camera"]?.config["url"]?.string
    }
    #expect(try url("rtsp://u:p@h/x?a=b") == "rtsp://u:p@h/x?a=b")
    #expect(try url("camera=clip.mp4") == "clip.mp4")
    #expect(try url("123") == "123", "a source is never read as JSON")
  }

  @Test func `given several inputs for one source, when loaded, then they become its streams and replace the file's`()
    throws
  {
    let config = try Stages.load(Stages.good, source: ["a.mp4", "door=rtsp://h/1", "b=c.mp4"])
    let camera = try #require(config[stage: "camera"]?.config)
    #expect(camera["url"] == nil)
    let streams = try #require(camera["streams"]?.elements)
    #expect(streams.map { $0["id"]?.string } == ["camera-1", "door", "b"])
    #expect(streams.map { $0["url"]?.string } == ["a.mp4", "rtsp://h/1", "c.mp4"])
  }

  @Test
  func `given an input with an equals sign, when it is added, then it is a file's name only where there is that file`()
    throws
  {
    var issues = IssueCollector(file: "p.json")
    let root = try #require(JSONParser.parse(Array(Stages.good.utf8), issues: &issues))
    func inputs(_ text: String, files: Set<String> = []) -> [String] {
      var overrides = SourceOverrides(root: root, registry: Stages.registry) { files.contains($0) }
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      overrides.add(text, target: (parts[0], parts[1]), origin: .override(0), issues: &issues)
      let value = overrides.changes.first?.value
      return [
        value?.string ?? value?["streams"]?.elements?.compactMap { stream in
          (stream["id"]?.string).flatMap { id in stream["url"]?.string.map { "\(id) \($0)" } }
        }.joined(separator: ",") ?? value?["url"]?.string ?? "none"
      ]
    }
    #expect(inputs("a=b.mp4", files: ["a=b.mp4", "b.mp4"]) == ["a=b.mp4"])
    for url in ["b.mp4", "/dev/video0", "-", "clips/*.mp4", "rtsp://h/1?a=b", "c=d.mp4"] {
      #expect(inputs("door=\(url)", files: ["c=d.mp4", "b.mp4"]) == ["door \(url)"])
    }
    #expect(inputs("camera=b.mp4") == ["b.mp4"])
    #expect(issues.errors == nil)
  }

  @Test func `given several sources, when the override names none, then the issue says how`() throws {
    let two = Stages.good(
      "{ \"id\": \"scale\"",
      "{ \"id\": \"door\", \"type\": \"source.test\", \"config\": { \"url\": \"b\" } }, { \"id\": \"scale\""
    )
    .replacing("[\"camera\"]", with: "[\"camera\", \"door\"]")
    #expect(
      Stages.issues(two, source: ["c.mp4"])
        == ["--source: the pipeline has 2 sources; write --source id=URL; sources: camera, door"])
    #expect(
      Stages.issues(two, source: ["dor=c.mp4"])
        == ["--source dor: no source 'dor'; did you mean 'door'? (sources: camera, door)"])
    #expect(
      Stages.issues(two, source: ["scale=c.mp4"]) == [
        "--source scale: stage 'scale' is not a source; sources: camera, door"
      ])
    let config = try Stages.load(two, source: ["door=c.mp4", "camera=d.mp4"])
    #expect(config[stage: "door"]?.config["url"]?.string == "c.mp4")
    #expect(config[stage: "camera"]?.config["url"]?.string == "d.mp4")
  }

  // MARK: - Environment

  private func url(_ text: String, _ environment: [String: String]) throws -> String? {
    try Stages.load(Stages.good("\"a.mp4\"", "\"\(text)\""), environment: environment)[stage: "camera"]?.config["url"]?
      .string
  }

  @Test func `given references to the environment, when loaded, then strings take its values`() throws {
    let environment = ["USER_1": "joe", "PASS": "p${USER_1}$${", "EMPTY": ""]
    #expect(
      try url("rtsp://${USER_1}:${PASS}@h${EMPTY}/", environment) == "rtsp://joe:p$%7BUSER_1%7D$$%7B@h/",
      "values are not expanded again, and braces are percent-encoded in URLs")
    #expect(try url("${USER_1}-${PASS}.mp4", environment) == "joe-p${USER_1}$${.mp4")
    #expect(try url("a$${USER_1}", environment) == "a${USER_1}")
    #expect(try url("$5 $ $$", environment) == "$5 $ $$")
  }

  @Test(arguments: [
    ("${NOPE}", "the environment variable 'NOPE' is not set"),
    ("${", "'${' needs the name of an environment variable and '}'; the text itself is written '$${'"),
    ("${A", "'${' needs the name of an environment variable and '}'; the text itself is written '$${'"),
    ("${}", "'${' needs the name of an environment variable and '}'; the text itself is written '$${'"),
    ("${1A}", "'${' needs the name of an environment variable and '}'; the text itself is written '$${'"),
    ("a\\u0000b", "a NUL character in a string"),
  ])
  func `given a bad reference, when loaded, then it is named with its place`(text: String, message: String) {
    #expect(
      Stages.issues(Stages.good("\"a.mp4\"", "\"\(text)\""), environment: ["A": "1"])
        == ["p.json:7:65: stages[0].config.url: \(message)"])
  }

  @Test func `given values of the environment in the wrong places, when loaded, then no message shows them`() {
    let secret = "hunter2"
    for key in ["camera", "source.test", "scale", "[\"camera\"]", "tiny", "dropOldest", "good"] {
      let (old, new) = key.hasPrefix("[") ? (key, "[\"${X}\"]") : ("\"\(key)\"", "\"${X}\"")
      let lines = Stages.issues(Stages.good(old, new), environment: ["X": secret])
      #expect(!lines.joined().contains(secret))
    }
  }
}
