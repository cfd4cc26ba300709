import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

@Suite struct CSVSinkTests {
  private let folder: URL
  init() throws { folder = try TestData.temporaryFolder("csv-sink") }

  private func path(_ name: String) -> String { folder.path + "/" + name }

  private func sink(_ options: String) throws -> CSVSink {
    try CSVSink(
      JSONDecoder().decode(CSVSink.Configuration.self, from: Data(options.utf8)), context: SinkFixture.context())
  }

  private func worker(_ sink: CSVSink, failed: Bool = false) throws -> any FrameWorker {
    try sink.makeWorker(WorkerContext(index: 0, workerCount: 1) { failed })
  }

  /// What Python's reader finds, which knows RFC 4180: a list of rows.
  private func rows(_ name: String) throws -> [[String]] {
    let script =
      "import csv, json, sys; print(json.dumps(list(csv.reader(open(sys.argv[1], newline='', encoding='utf-8')))))"
    let result = try TestData.run(URL(fileURLWithPath: "/usr/bin/python3"), ["-c", script, path(name)])
    try #require(result.status == 0)
    return try JSONDecoder().decode([[String]].self, from: result.output)
  }

  private static let hasPython = FileManager.default.fileExists(atPath: "/usr/bin/python3")

  @Test(.enabled(if: hasPython, "needs python3"))
  func `given detections when Python reads the rows then they are those of the frames`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let sink = try sink(#"{ "path": "\#(path("new/a.csv"))", "minScore": 0.5 }"#)
    let worker = try worker(sink)
    var predicted = SinkFixture.detection("a, \"b\"\r\nc", x: 1.126, y: -2, score: 0.75, track: 7)
    predicted.isPredicted = true
    _ = try worker.process(
      SinkFixture.frame(
        12, stream: "=é", seconds: 0.4,
        results: [
          StageResults(
            stage: "objects",
            detections: [
              predicted, SinkFixture.detection(x: 3, y: 4), SinkFixture.detection(x: 0, y: 0, score: 0.4),
              SinkFixture.detection(x: .nan, y: 0),
            ])
        ]))
    _ = try worker.process(SinkFixture.frame(13))
    try worker.finish()
    let read = try rows("new/a.csv")
    #expect(read.first == CSVRows.detectionColumns)
    #expect(
      read.dropFirst() == [
        [
          "=é", "12", "0.4", "2026-01-01T00:00:00.400Z", "samples/street-1080p.mp4", "objects", "a, \"b\"\r\nc", "0",
          "0.75", "1.13", "-2.0", "80.0", "160.0", "7", "true",
        ],
        [
          "=é", "12", "0.4", "2026-01-01T00:00:00.400Z", "samples/street-1080p.mp4", "objects", "person", "0", "0.9",
          "3.0", "4.0", "80.0", "160.0", "", "false",
        ],
      ])
    #expect(sink.facts["rows"] == .int(2) && sink.facts["detections_left_out"] == .int(1))
  }

  @Test(.enabled(if: hasPython, "needs python3"))
  func `given events when Python reads the rows then each field is in its column or in the last`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let worker = try worker(sink(#"{ "path": "\#(path("e.csv"))", "what": ["events"], "zones": ["door", "gate"] }"#))
    var frame = SinkFixture.frame(3, seconds: 0.1)
    frame.add(
      FrameEvent(
        stage: "zones", kind: "zone.leave", label: "person", track: 7,
        fields: [
          .init("zone", .string("door")), .init("found_by", .string("objects")), .init("dwell_s", .double(1.25)),
          .init("reason", .string("left")),
        ]))
    frame.add(
      FrameEvent(
        stage: "zones", kind: "zone.presence",
        fields: [.init("zone", .string("yard")), .init("occupied", .bool(true))]))
    frame.add(
      FrameEvent(
        stage: "lines", kind: "line.cross", label: "car", track: 1,
        fields: [
          .init("line", .string("gate")), .init("direction", .string("in")),
          .init("totals", .object(["in": .int(3), "out": .int(1)])),
        ]))
    _ = try worker.process(frame)
    try worker.finish()
    let read = try rows("e.csv")
    #expect(read.first == CSVRows.eventColumns && read.count == 3)
    let first = Dictionary(uniqueKeysWithValues: zip(read[0], read[1]))
    #expect(first["zone"] == "door" && first["dwell_s"] == "1.25" && first["reason"] == "left" && first["more"] == "")
    #expect(first["label"] == "person" && first["track"] == "7" && first["kind"] == "zone.leave")
    let second = Dictionary(uniqueKeysWithValues: zip(read[0], read[2]))
    #expect(second["line"] == "gate" && second["direction"] == "in" && second["zone"] == "")
    #expect(second["more"] == #"{"totals":{"in":3,"out":1}}"#)
  }

  @Test func `given options that changed when events are written then the change is a row of its own`() {
    var rows = CSVRows()
    rows.add(
      OptionChange(version: 1, stage: "objects", options: [.init(name: "score", old: "0.3", new: nil)]),
      from: SinkFixture.frame(3, seconds: 0.1).header)
    let text = String(decoding: rows.bytes, as: UTF8.self)
    #expect(
      text
        == #"camera,3,0.1,2026-01-01T00:00:00.400Z,objects,options,,,,,,,,,,,"{""score"":{""old"":0.3,""new"":null}}""#
        + "\r\n")
    #expect(CSVRows.eventColumns.count == 17)
  }

  @Test func `given runs that fail, find nothing or find a full disk when they end then files are as for other sinks`()
    throws
  {
    defer { try? FileManager.default.removeItem(at: folder) }
    try "old".write(toFile: path("a.csv"), atomically: false, encoding: .utf8)
    let options = #"{ "path": "\#(path("a.csv"))" }"#
    try worker(sink(options), failed: true).finish()
    #expect(try String(contentsOfFile: path("a.csv"), encoding: .utf8) == "old")
    try worker(sink(options)).finish()
    #expect(
      try String(contentsOfFile: path("a.csv"), encoding: .utf8)
        == CSVRows.detectionColumns.joined(separator: ",") + "\r\n")
    #expect(try sink(options).files(for: ["x"]).map(\.path) == [path("a.csv")])
    #expect(try sink(#"{ "path": "-" }"#).files(for: ["x"]).isEmpty)
    let wishes = try sink(#"{ "path": "-", "classes": ["car"] }"#).interface.wishes
    #expect(wishes == [.labels(.foundLabels, ["car"], key: "classes")])
    let full = try worker(sink(#"{ "path": "/dev/full" }"#))
    let error = #expect(throws: PipelineError.self) { _ = try full.process(SinkFixture.frame(0)) }
    #expect(error?.exit == .ioError && error?.message.contains("No space left") == true)
  }
}
