import Foundation
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

@Suite struct ResultSelectionTests {
  /// A sink's options: its own, and those of the selection beside them.
  private struct Options: StageConfiguration {
    var path = ""
    var selection = ResultSelection(what: [.events, .health])

    static let options: [ConfigurationOption<Self>] =
      [.init("path", \.path, .string, required: true, "The file.")]
      + ResultSelection.declared([.events, .frames, .health]).map { $0.of(\.selection) }
  }

  private func read(_ text: String) throws -> ResultSelection {
    try JSONDecoder().decode(Options.self, from: Data(text.utf8)).selection
  }

  @Test func `given a sink's default when nothing is said then it stands in the schema and holds`() throws {
    let what = try #require(Options.schema.properties.first { $0.name == "what" })
    #expect(what.defaultJSON == #"["events","health"]"#)
    #expect(
      Options.schema.properties.map(\.name) == [
        "path", "what", "classes", "zones", "minScore", "everyS", "onChange",
      ])
    let selection = try read(#"{ "path": "a" }"#)
    #expect(selection.takes(.events) && selection.takes(.health) && !selection.takes(.frames))
    #expect(selection.wishes.isEmpty)
  }

  @Test func `given options of the selection when they are read then they are those that were written`() throws {
    let selection = try read(
      #"""
      { "path": "a", "what": ["frames"], "classes": ["person"], "zones": ["door"], "minScore": 0.5, "everyS": 2,
        "onChange": true }
      """#)
    #expect(selection.what == [.frames] && selection.classes == ["person"] && selection.zones == ["door"])
    #expect(selection.minScore == 0.5 && selection.everyS == 2 && selection.onChange)
    let again = try JSONDecoder().decode(ResultSelection.self, from: JSONEncoder().encode(selection))
    #expect(again.what == [.frames] && again.everyS == 2 && again.zones == ["door"])
  }

  @Test func `given what a sink cannot take when it is checked then it is refused`() {
    let words = Options.schema.properties.first { $0.name == "what" }?.kind
    guard case .list(.word(let known), let count) = words else {
      Issue.record("'what' is no list of words")
      return
    }
    #expect(known == ["events", "frames", "health"] && count == 1...3)
  }

  @Test func `given a choice of options when a sink declares them then it has no others`() {
    let names = ResultSelection.declared([.frames], names: ["classes", "minScore"]).map(\.name)
    #expect(names == ["classes", "minScore"])
  }

  @Test func `given zones when asked then they are wished for by name`() throws {
    #expect(
      try read(#"{ "path": "a", "zones": ["door", "gate"] }"#).wishes
        == [NameWish(.shapes, ["door", "gate"], key: "zones")])
  }

  @Test func `given classes when asked then they are wished for in every spelling`() throws {
    let wish = try #require(try read(#"{ "path": "a", "classes": ["motorbike"] }"#).wishes.first)
    #expect(wish.kind == .foundLabels && wish.key == "classes")
    #expect(wish.names.first?.spellings.contains("motorcycle") == true)
  }

  @Test func `given classes and a score when detections are filtered then those with both stay`() {
    var selection = ResultSelection(what: [.frames])
    selection.classes = ["Motorbike", "person"]
    selection.minScore = 0.7
    let filter = DetectionFilter(selection)
    #expect(filter.includes(label: "motorcycle", score: 0.7))
    #expect(filter.includes(label: "person", score: 0.71))
    #expect(!filter.includes(label: "person", score: 0.69))
    #expect(!filter.includes(label: "person", score: .nan))
    #expect(!filter.includes(label: "car", score: 0.9))
    #expect(DetectionFilter(ResultSelection()).includes(label: "anything", score: .nan))
  }

  @Test func `given an id when lines are written then it stands after the version, and nothing else changes`() {
    let frame = SinkFixture.frame(
      3,
      results: [
        StageResults(
          stage: "objects",
          detections: [SinkFixture.detection(x: 1, y: 2), SinkFixture.detection("car", x: 3, y: 4, score: 0.2)])
      ])
    let event = FrameEvent(stage: "zones", kind: "zone.enter", label: "person", track: 1)
    let change = HealthChange(
      health: StreamHealth(
        stream: "camera", state: .waiting, since: MonotonicTime(nanoseconds: 0), sinceWall: WallTime(nanoseconds: 0),
        attempt: 1, lastError: nil), previous: nil, fault: nil, faultSeconds: nil)
    func line(_ body: (inout JSONLineBuffer) -> Void) -> String {
      var line = JSONLineBuffer()
      body(&line)
      return String(decoding: line.bytes, as: UTF8.self)
    }
    let options = OptionChange(
      version: 1, stage: "objects", options: [.init(name: "score", old: "0.3", new: "0.5")])
    let pairs: [(String, String)] = [
      (
        line { _ = $0.frameLine(frame, latencyNanoseconds: 0) },
        line { _ = $0.frameLine(frame, latencyNanoseconds: 0, id: "r/\"a\"/3") }
      ),
      (line { $0.eventLine(event, of: frame.header) }, line { $0.eventLine(event, of: frame.header, id: "r/\"a\"/3") }),
      (line { $0.healthLine(change) }, line { $0.healthLine(change, id: "r/\"a\"/3") }),
      (
        line { $0.optionsLine(options, from: frame.header) },
        line { $0.optionsLine(options, from: frame.header, id: "r/\"a\"/3") }
      ),
      (
        line { $0.snapshotLine(frame.header, file: "a.jpg", reason: "label", label: "car", track: nil) },
        line {
          $0.snapshotLine(frame.header, file: "a.jpg", reason: "label", label: "car", track: nil, id: "r/\"a\"/3")
        }
      ),
    ]
    for (plain, named) in pairs {
      #expect(named == plain.replacing("\"v\":1,", with: "\"v\":1,\"id\":\"r/\\\"a\\\"/3\",", maxReplacements: 1))
      #expect(named != plain)
    }
    var selection = ResultSelection()
    selection.minScore = 0.5
    let some = line { _ = $0.frameLine(frame, latencyNanoseconds: 0, filter: DetectionFilter(selection)) }
    #expect(some.contains("person") && !some.contains("car"))
  }
}
