import Testing

@testable import EdgepipeCore

@Suite struct GraphValidationTests {
  private typealias Stages = ConfigTestStages

  private static func source(_ id: String, _ more: String = "") -> String {
    #"{"id":"\#(id)","type":"source.test","config":{"url":"a"}\#(more)}"#
  }
  private static func track(_ id: String, _ after: String) -> String {
    #"{"id":"\#(id)","type":"track.test","after":\#(after)}"#
  }
  private static func sink(_ id: String, _ after: String) -> String {
    #"{"id":"\#(id)","type":"sink.test","after":\#(after),"config":{"path":"o"}}"#
  }

  @Test func `given fan-out, join and several sources, when checked, then nothing is wrong`() {
    let issues = Stages.issues(
      stages: Self.sink("out", #"["join","b"]"#), Self.track("join", #"["left","right"]"#),
      Self.track("left", #"["a"]"#),
      Self.track("right", #"["a"]"#), Self.source("a"), Self.source("b", #","after":[]"#))
    #expect(issues == [])
  }

  @Test func `given two stages of one name, when checked, then both places are named`() {
    let issues = Stages.issues(stages: Self.source("a"), Self.sink("b", #"["a"]"#), Self.sink("b", #"["a"]"#))
    #expect(issues == ["p.json:4:7: stages[2].id: duplicate stage id 'b'; first at 3:7"])
  }

  @Test func `given a link to nowhere, when checked, then the nearest stage is named`() {
    let issues = Stages.issues(stages: Self.source("camera"), Self.sink("out", #"["camrea"]"#))
    #expect(issues == ["p.json:3:41: stages[1].after[0]: unknown stage 'camrea'; did you mean 'camera'?"])
    let far = Stages.issues(stages: Self.source("camera"), Self.sink("out", #"["camera","zzz"]"#))
    #expect(far == ["p.json:3:50: stages[1].after[1]: unknown stage 'zzz'; stages: camera"])
  }

  @Test func `given a cycle, when checked, then it is named once in the order of flow`() {
    let issues = Stages.issues(
      stages: Self.source("s"), Self.track("a", #"["s","c"]"#), Self.track("b", #"["a"]"#), Self.track("c", #"["b"]"#),
      Self.sink("out", #"["c"]"#))
    #expect(issues == ["p.json:3:44: stages[1].after[1]: the stages form a cycle: a -> b -> c -> a"])
  }

  @Test func `given two cycles, when checked, then both are named`() {
    let issues = Stages.issues(
      stages: Self.source("s"), Self.track("a", #"["b","s"]"#), Self.track("b", #"["a"]"#), Self.track("c", #"["d"]"#),
      Self.track("d", #"["c"]"#), Self.sink("out", #"["b","c"]"#))
    #expect(issues.count == 2)
    #expect(issues.first?.hasSuffix("a -> b -> a") == true)
    #expect(issues.last?.hasSuffix("c -> d -> c") == true)
  }

  @Test func `given a stage after itself, when checked, then that is all that is said`() {
    let issues = Stages.issues(stages: Self.source("s"), Self.track("a", #"["s","a"]"#), Self.sink("out", #"["a"]"#))
    #expect(issues == ["p.json:3:44: stages[1].after[1]: a stage cannot come after itself"])
  }

  @Test func `given a stage named twice in after, when checked, then it is refused`() {
    let issues = Stages.issues(stages: Self.source("s"), Self.sink("out", #"["s","s"]"#))
    #expect(issues == ["p.json:3:45: stages[1].after[1]: 's' is named twice"])
  }

  @Test func `given a source with after, when checked, then it is refused`() {
    let issues = Stages.issues(
      stages: Self.source("s"), Self.source("t", #","after":["s"]"#), Self.sink("out", #"["t"]"#))
    #expect(issues == ["p.json:3:61: stages[1].after: 't' is a source and cannot have 'after'"])
  }

  @Test func `given transforms and sinks without after, when checked, then they are refused`() {
    let issues = Stages.issues(
      stages: Self.source("s"), Self.sink("o", #"["s"]"#), Self.track("a", "[]"),
      #"{"id":"b","type":"sink.test","config":{"path":"o"}}"#)
    #expect(
      issues == [
        "p.json:4:7: stages[2]: 'a' leads nowhere: no stage takes its frames",
        "p.json:4:39: stages[2].after: 'a' is a transform and needs 'after' with the stages whose frames it takes",
        "p.json:5:7: stages[3]: 'b' is a sink and needs 'after' with the stages whose frames it takes",
      ])
  }

  @Test func `given stages that reach no sink, when checked, then each is named`() {
    let issues = Stages.issues(
      stages: Self.source("s"), Self.sink("o", #"["s"]"#), Self.track("a", #"["s"]"#), Self.track("b", #"["a"]"#))
    #expect(
      issues == [
        "p.json:4:7: stages[2]: 'a' leads to no sink",
        "p.json:5:7: stages[3]: 'b' leads nowhere: no stage takes its frames",
      ])
  }

  @Test func `given no source or no sink, when checked, then one issue says so`() {
    #expect(Stages.issues(stages: Self.source("s")) == ["p.json:1:23: stages: no sink: no stage takes the results"])
    let noSource = Stages.issues(stages: Self.sink("o", "[]"))
    #expect(noSource.first == "p.json:1:23: stages: no source: no stage supplies frames")
  }

  @Test func `given a stage after a sink, when checked, then it is refused`() {
    let issues = Stages.issues(stages: Self.source("s"), Self.sink("o", #"["s"]"#), Self.sink("p", #"["o"]"#))
    #expect(issues == ["p.json:4:39: stages[2].after[0]: 'o' is a sink and passes nothing on"])
  }

  /// Every stage after every other: as many links and cycles as stages allow.
  @Test func `given a graph in which all is linked, when checked, then the issues are limited`() {
    let ids = (0..<128).map { "s\($0)" }
    let all = "[" + ids.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    let stages = ids.map { Self.track($0, all) }
    let issues = Stages.issues("{\"version\":1,\"stages\":[" + stages.joined(separator: ",") + "]}")
    #expect(issues.count == ConfigErrors.limit + 1)
  }
}
