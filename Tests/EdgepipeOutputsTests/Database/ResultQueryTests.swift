import EdgepipeCore
import Foundation
import Pipeline
import PipelineTestSupport
import Testing

@testable import EdgepipeOutputs

/// Questions about a day that was made by hand.
@Suite struct ResultQueryTests {
  private let fixture: DatabaseFixture
  private let database: ResultDatabase

  init() throws {
    fixture = try DatabaseFixture()
    database = try fixture.open()
    typealias Rows = DatabaseFixture
    try database.write([
      Rows.stream("front", seconds: 9000, frames: 900), Rows.stream("back", seconds: 9000, frames: 800),
      // Anna: 10 minutes at the door. The number 1 of another stream is somebody else.
      Rows.track(1, stream: "front", from: 0, to: 700),
      Rows.event("e1", stream: "front", track: 1, seconds: 60),
      Rows.event("e2", stream: "back", track: 1, seconds: 61),
      Rows.event(
        "e3", stream: "front", kind: "zone.leave", track: 1, seconds: 660, dwellS: 600, json: #"{"reason":"left"}"#),
      // She comes back, and is still there when the run is killed.
      Rows.track(2, stream: "front", from: 5000, to: 7230),
      Rows.event("e4", stream: "front", track: 2, seconds: 7200),
      Rows.track(3, stream: "front", label: "car", from: 100, to: 103),
      Rows.event("e5", stream: "front", kind: "line.cross", label: "car", place: "gate", track: 3, seconds: 101),
      Rows.track(1, stream: "back", from: 61, to: 4000),
      Rows.event(
        "e6", stream: "back", kind: "zone.leave", track: 1, seconds: 3661, dwellS: 3600, json: #"{"reason":"gone"}"#),
    ])
  }

  private func rows(
    _ question: ReadyQuestion, limit: Int? = nil, _ change: (inout QueryFilter) -> Void = { _ in }
  ) throws -> [String] {
    var filter = QueryFilter()
    change(&filter)
    let result = try fixture.query().answer(question, filter, limit: limit)
    return result.cells(.utc).map { $0.joined(separator: "|") }
  }

  private func period(_ from: Double?, _ to: Double?) -> QueryPeriod {
    QueryPeriod(
      since: from.map { DatabaseFixture.wall($0).milliseconds }, until: to.map { DatabaseFixture.wall($0).milliseconds }
    )
  }

  @Test func `given visits when asked who was in a zone then each has its begin and its end`() throws {
    #expect(
      try rows(.who) { $0.zone = "door" } == [
        "door|front|person|1|2026-01-01 00:01:00|2026-01-01 00:11:00|600|left",
        "door|back|person|1|2026-01-01 00:01:01|2026-01-01 01:01:01|3600|gone",
        "door|front|person|2|2026-01-01 02:00:00||30|",
      ])
  }

  @Test(
    arguments: [
      (nil, 60.0, 0), (nil, 61.0, 1), (61.5, 62.0, 2), (660.0, nil, 3), (661.0, nil, 2), (3662.0, 7200.0, 0),
      (7230.0, nil, 1), (7231.0, nil, 0),
    ] as [(Double?, Double?, Int)])
  func `given a period when asked then those count whose visit overlaps it`(from: Double?, to: Double?, expected: Int)
    throws
  {
    #expect(try rows(.who) { $0.period = period(from, to) }.count == expected)
  }

  @Test func `given stays when asked for the longest then they come first`() throws {
    #expect(try rows(.stays, limit: 2).map { $0.split(separator: "|")[6] } == ["3600", "600"])
    #expect(try rows(.stays) { $0.stream = "front" }.map { $0.split(separator: "|")[3] } == ["1", "2"])
    #expect(try fixture.query().answer(.stays, QueryFilter(), limit: 2).isCut)
    #expect(try !fixture.query().answer(.stays, QueryFilter(), limit: 3).isCut)
  }

  @Test func `given hours when counted then tracks and events are where they belong`() throws {
    #expect(try rows(.counts) == ["2026-01-01 00:00:00|3", "2026-01-01 01:00:00|1"])
    #expect(
      try rows(.counts) { $0.grouping = .label } == [
        "2026-01-01 00:00:00|car|1", "2026-01-01 00:00:00|person|2", "2026-01-01 01:00:00|person|1",
      ])
    #expect(try rows(.counts) { $0.zone = "door" } == ["2026-01-01 00:00:00|2", "2026-01-01 02:00:00|1"])
    #expect(try rows(.counts) { $0.zone = "gate" } == ["2026-01-01 00:00:00|1"])
    #expect(
      try rows(.counts) { $0.grouping = .kind } == [
        "2026-01-01 00:00:00|line.cross|1", "2026-01-01 00:00:00|track|3", "2026-01-01 00:00:00|zone.enter|2",
        "2026-01-01 00:00:00|zone.leave|1", "2026-01-01 01:00:00|track|1", "2026-01-01 01:00:00|zone.leave|1",
        "2026-01-01 02:00:00|zone.enter|1",
      ])
    // Part of an hour is that hour.
    #expect(try rows(.counts) { $0.period = period(3700, 3800) } == ["2026-01-01 01:00:00|1"])
  }

  @Test func `given streams when asked which are busiest then most tracks come first`() throws {
    #expect(try rows(.busiest) == ["front|3|2|1|2", "back|1|1|0|1"])
    #expect(try rows(.busiest) { $0.label = "car" } == ["front|1|0|1|1"])
  }

  @Test func `given tracks and events when asked then the latest come first`() throws {
    #expect(
      try rows(.tracks) { $0.label = "person" }.map { $0.split(separator: "|")[5] } == [
        "2026-01-01 01:23:20", "2026-01-01 00:01:01", "2026-01-01 00:00:00",
      ])
    #expect(try rows(.tracks) { $0.zone = "gate" }.map { $0.split(separator: "|")[4] } == ["car"])
    #expect(
      try rows(.events, limit: 2) == [
        "2026-01-01 02:00:00|front|zone.enter|door|person|2|", "2026-01-01 01:01:01|back|zone.leave|door|person|1|3600",
      ])
    #expect(
      try rows(.streams).map { $0.split(separator: "|").suffix(4).joined(separator: "|") } == [
        "800|1|2|0", "900|3|4|0",
      ])
  }

  @Test func `given names that are nowhere when asked then the error names the nearest`() throws {
    for (change, words) in [
      ({ $0.zone = "dor" }, "did you mean 'door'?"), ({ $0.stream = "frnt" }, "did you mean 'front'?"),
      ({ $0.label = "elephant" }, "it has 'car', 'person'"), ({ $0.kind = "zone.entr" }, "did you mean 'zone.enter'?"),
    ] as [((inout QueryFilter) -> Void, String)] {
      let error = #expect(throws: PipelineError.self) { _ = try rows(.who, change) }
      #expect(error?.code == .invalidArgument && error?.description.contains(words) == true, "\(error as Any)")
    }
  }

  @Test func `given replays beside recorded runs when asked then only recorded ones count and alone they do`() throws {
    let again = try fixture.open("again", isReplay: true)
    try again.write([DatabaseFixture.stream("front"), DatabaseFixture.event("r1", stream: "front", seconds: 60)])
    #expect(try rows(.who).count == 3)
    #expect(try rows(.counts) { $0.zone = "door" } == ["2026-01-01 00:00:00|2", "2026-01-01 02:00:00|1"])
    let other = try DatabaseFixture()
    try other.open("again", isReplay: true).write([DatabaseFixture.event("r1", seconds: 60)])
    #expect(try other.query().answer(.who, QueryFilter(), limit: nil).rows.count == 1)
    #expect(try other.query().answer(.busiest, QueryFilter(), limit: nil).rows.count == 1)
  }

  @Test(arguments: [
    "DELETE FROM events", "SELECT 1; SELECT 2", "INSERT INTO hours VALUES (1,'','','','',0,1)",
    "PRAGMA user_version = 3",
    "SELECT nothing FROM events", "SELEC 1", "ATTACH 'other.db' AS other", "", "VACUUM",
    "UPDATE runs SET pipeline = 'x' RETURNING id",
  ])
  func `given SQL that is no single reading statement when run then it is refused and nothing is changed`(sql: String)
    throws
  {
    let error = #expect(throws: PipelineError.self) { _ = try fixture.query().select(sql, limit: nil) }
    #expect(error?.code == .invalidArgument, "\(error as Any)")
    #expect(try fixture.number("SELECT count(*) FROM events") == 6)
    #expect(!FileManager.default.fileExists(atPath: "other.db"))
  }

  @Test func `given SQL without an end when run then it is given up in time`() throws {
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    let query = try fixture.query(timeLimitS: 0.2)
    let error = #expect(throws: PipelineError.self) { _ = try query.select(endless, limit: nil) }
    #expect(error?.code == .interrupted && error?.description.contains("--time-limit") == true)
    // What is asked next is answered.
    #expect(try query.select("SELECT 1", limit: nil).rows == [[.integer(1)]])
  }

  @Test func `given hostile values when written as CSV and JSON then programs read what was there`() throws {
    let sql = """
      SELECT 'a "b", c' AS "x,y", char(10, 27) || 'é' AS t, 1.5 AS d, NULL AS n, x'00ff' AS b, 1000 AS at_ms, 7 AS i
      """
    let result = try fixture.query().select(sql, limit: nil)
    #expect(
      result.csv(.utc)
        == "\"x,y\",t,d,n,b,at,i\r\n\"a \"\"b\"\", c\",\"\n\u{1B}é\",1.5,,AP8=,1970-01-01T00:00:01.000Z,7\r\n")
    let parsed = try JSONSerialization.jsonObject(with: Data(result.json(.utc).utf8)) as? [[String: Any]]
    let row = try #require(parsed?.first)
    #expect(row["x,y"] as? String == "a \"b\", c" && row["t"] as? String == "\n\u{1B}é" && row["d"] as? Double == 1.5)
    #expect(row["n"] is NSNull && row["b"] as? String == "AP8=" && row["i"] as? Int == 7)
    #expect(result.cells(.utc) == [["a \"b\", c", "  é", "1.5", "", "(2 bytes)", "1970-01-01 00:00:01", "7"]])
    #expect(try fixture.query().select("SELECT 1 WHERE 0", limit: nil).json(.utc) == "[]\n")
  }

  @Test func `given no file or a folder when asked then the error says so`() throws {
    for path in [fixture.files.path("none.db"), fixture.files.folder.path] {
      let error = #expect(throws: PipelineError.self) { _ = try ResultQuery(path: path) }
      #expect(error?.code == .notFound)
    }
    #expect(!FileManager.default.fileExists(atPath: fixture.files.path("none.db")))
  }

  @Test func `given faults of a camera when asked for its health then each has its length`() throws {
    func change(_ seconds: Double, _ state: StreamState, _ previous: StreamState?, fault: HealthChange.Fault? = nil)
      -> ResultRow
    {
      .health(
        HealthChange(
          health: StreamHealth(
            stream: "front", state: state, since: MonotonicTime(nanoseconds: 0),
            sinceWall: DatabaseFixture.wall(seconds), attempt: 1, lastError: state == .waiting ? "lost" : nil),
          previous: previous, fault: fault, faultSeconds: fault == .end ? 90 : nil))
    }
    try database.write([
      change(1, .streaming, nil), change(10, .waiting, .streaming, fault: .start),
      change(100, .streaming, .waiting, fault: .end), change(200, .stalled, .streaming, fault: .start),
    ])
    #expect(
      try rows(.health) == [
        "front|2026-01-01 00:03:20|||stalled|", "front|2026-01-01 00:00:10|2026-01-01 00:01:40|90|waiting|lost",
      ])
  }
}
