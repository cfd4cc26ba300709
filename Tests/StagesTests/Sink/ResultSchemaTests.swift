import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

/// Every line that is written passes the schema that docs/output.md promises, and the schema refuses what is not so.
@Suite(.enabled(if: ResultSchema.isAvailable, "needs .deps/python")) struct ResultSchemaTests {
  private func lines(_ write: (inout JSONLineBuffer) -> Void) -> Data {
    var line = JSONLineBuffer()
    write(&line)
    return Data(line.bytes)
  }

  private var frame: Frame {
    var predicted = SinkFixture.detection("a \"b\"\n", x: -1, y: 2, track: 7)
    predicted.isPredicted = true
    let face = SinkFixture.detection("face", x: 3, y: 4, landmarks: [Point(x: 1, y: 2), Point(x: 3, y: 4)])
    return SinkFixture.frame(
      12, seconds: -0.5,
      results: [
        StageResults(stage: "objects", detections: [predicted]), StageResults(stage: "faces", detections: [face]),
      ])
  }

  /// One event of each kind that the stages make, by their own words for it.
  private var events: [FrameEvent] {
    let zone = FrameEvent.Field("zone", .string("door")), by = FrameEvent.Field("found_by", .string("objects"))
    func track(_ kind: String, _ fields: [FrameEvent.Field]) -> FrameEvent {
      FrameEvent(stage: "zones", kind: kind, label: "person", track: 7, fields: fields)
    }
    let totals = ReportValue.object(["in": .int(3), "out": .int(1)])
    return [
      track("zone.enter", [zone, by]), track("zone.dwell", [zone, by, .init("dwell_s", .double(10))]),
      track("zone.leave", [zone, by, .init("dwell_s", .double(10.5)), .init("reason", .string("left"))]),
      FrameEvent(stage: "zones", kind: "zone.occupancy", fields: [zone, .init("count", .int(0))]),
      FrameEvent(stage: "zones", kind: "zone.presence", fields: [zone, .init("occupied", .bool(false))]),
      track(
        "line.cross",
        [
          .init("line", .string("gate")), by, .init("direction", .string("in")), .init("totals", totals),
          .init("label_totals", totals),
        ]),
      FaultChange(
        "covered", stage: "watch", stream: "door", since: WallTime(nanoseconds: 0),
        figures: [.init("lost_share", 0.94, limit: 0.5), .init("likeness", .nan)], message: "the picture is covered"
      ).event(of: "watch"),
      FaultChange(
        "covered", stage: "watch", since: WallTime(nanoseconds: 0), over: 22, figures: [], message: "as usual again"
      ).event(of: "watch"),
      FrameEvent(stage: "alarm", kind: "dark", fields: [.init("level", .list([.int(1), .null]))]),
    ]
  }

  private func health(
    _ state: StreamState, _ previous: StreamState?, fault: HealthChange.Fault? = nil, seconds: Double? = nil,
    error: String? = nil
  ) -> HealthChange {
    HealthChange(
      health: StreamHealth(
        stream: "door", state: state, since: MonotonicTime(nanoseconds: 0), sinceWall: WallTime(nanoseconds: 0),
        attempt: 1, lastError: error), previous: previous, fault: fault, faultSeconds: seconds)
  }

  /// All kinds of lines, with ids or without.
  private func all(id: String?) -> Data {
    let frame = frame
    return lines { line in
      _ = line.frameLine(frame, latencyNanoseconds: 1_000_000, id: id)
      _ = line.frameLine(SinkFixture.frame(0), latencyNanoseconds: 0, id: id)
      for event in events { line.eventLine(event, of: frame.header, id: id) }
      line.optionsLine(
        OptionChange(
          version: 1, stage: "objects",
          options: [.init(name: "score", old: "0.3", new: nil), .init(name: "classes", old: nil, new: #"["a"]"#)]),
        from: frame.header, id: id)
      for (reason, label, track) in [("track", "car", 1), ("label", "car", nil), ("interval", nil, nil)]
        as [(String, String?, Int?)]
      {
        line.snapshotLine(frame.header, file: "a.jpg", reason: reason, label: label, track: track, id: id)
      }
      line.snapshotLine(
        frame.header, file: "a.jpg", reason: "event", label: nil, track: nil, event: "fault", id: id)
      var previous: StreamState?
      for state in StreamState.allCases {
        line.healthLine(health(state, previous), id: id)
        previous = state
      }
      line.healthLine(health(.waiting, .streaming, fault: .start, error: "lost"), id: id)
      line.healthLine(health(.streaming, .waiting, fault: .end, seconds: 5.2), id: id)
    }
  }

  @Test(arguments: [nil, "run/camera/zones/12/0"])
  func `given every kind of line when it is checked then the schema takes it`(id: String?) throws {
    #expect(try ResultSchema.problems(in: all(id: id)) == [])
  }

  @Test func `given the examples of the documentation when they are checked then the schema takes them`() throws {
    let page = try String(
      contentsOf: TestData.packageRoot.appendingPathComponent("docs/output.md"), encoding: .utf8)
    let examples = page.split(separator: "\n").filter { $0.hasPrefix("{\"type\"") }
    let types = Set(examples.compactMap { $0.split(separator: "\"").dropFirst(3).first })
    #expect(types == ["frame", "event", "track", "health"])
    #expect(try ResultSchema.problems(in: Data(examples.joined(separator: "\n").utf8)) == [])
  }

  /// What stands in every line of its kind is required, and what stands in none of them is not known.
  @Test func `given lines that lack a key or have another one when they are checked then each is refused`() throws {
    let optional: Set = ["id", "label", "track", "previous", "fault", "fault_s", "limit"]
    var broken: [Data] = []
    var extended: [Data] = []
    for line in all(id: "x").split(separator: 0x0A) {
      let object = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
      let kind = object["kind"] as? String
      for key in object.keys where !optional.contains(key) && (kind != "dark" || key != "level") {
        var less = object
        less.removeValue(forKey: key)
        // Without its kind an event is of none, and without its type a line is.
        broken.append(try JSONSerialization.data(withJSONObject: less))
      }
      if kind != "dark" {
        extended.append(try JSONSerialization.data(withJSONObject: object.merging(["surprise": 1]) { $1 }))
      }
    }
    let problems = try ResultSchema.problems(in: Data(broken.joined(separator: [0x0A])))
    let refused = Set(problems.compactMap { Int($0.split(separator: ":").dropFirst().first ?? "") })
    for number in broken.indices where !refused.contains(number + 1) {
      Issue.record("accepted: \(String(decoding: broken[number], as: UTF8.self))")
    }
    let more = Data(extended.joined(separator: [0x0A]))
    #expect(
      Set(try ResultSchema.problems(in: more).compactMap { $0.split(separator: ":").dropFirst().first }).count
        == extended.count)
    #expect(try ResultSchema.problems(in: more, isOpen: true) == [])
  }

  @Test func `given values that cannot be when they are checked then each is refused`() throws {
    let good = String(decoding: all(id: nil), as: UTF8.self).split(separator: "\n").map(String.init)
    let changes = [
      (#""v":1"#, #""v":2"#), (#""type":"frame""#, #""type":"picture""#), (#""latency_ms":1.0"#, #""latency_ms":-1"#),
      (#""width":1920"#, #""width":0"#), (#""track":7"#, #""track":"7""#),
      (#""predicted":true"#, #""predicted":false"#),
      (#""score":0.9"#, #""score":1.1"#), ("T00:00:00.400Z", "T00:00:00Z"), (#"[1.0,2.0]"#, "[1.0]"),
      (#""reason":"left""#, #""reason":"lost""#), (#""count":0"#, #""count":-1"#),
      (#""occupied":false"#, #""occupied":0"#),
      (#""state":"stalled""#, #""state":"sleepy""#), (#""fault":"end","#, ""), (#""pts_s":-0.5"#, #""pts_s":NaN"#),
      (#"{"in":3,"out":1}"#, #"{"in":3}"#),
    ]
    let broken = try changes.map { old, new in
      let line = try #require(good.first { $0.contains(old) }, "\(old)")
      return line.replacing(old, with: new, maxReplacements: 1)
    }
    let problems = try ResultSchema.problems(in: Data(broken.joined(separator: "\n").utf8))
    let refused = Set(problems.compactMap { Int($0.split(separator: ":").dropFirst().first ?? "") })
    for (index, change) in changes.enumerated() where !refused.contains(index + 1) {
      Issue.record("accepted: \(change)")
    }
  }
}
