import EdgepipeCore
import Foundation
import GRDB
import PipelineTestSupport
import Testing

@testable import EdgepipeOutputs

@Suite struct ResultDatabaseTests {
  @Test func `given rows of every kind when written then they are read back`() throws {
    let fixture = try DatabaseFixture()
    let database = try fixture.open()
    try database.write([
      DatabaseFixture.stream(seconds: 9, frames: 226),
      DatabaseFixture.event("a", seconds: 1, json: #"{"kind":"zone.enter"}"#),
      DatabaseFixture.track(1, from: 1, to: 9, picture: [0xFF, 0xD8]),
    ])
    #expect(
      try fixture.rows("SELECT name, source, live, frames, last_ms - first_ms AS length FROM streams") == [
        [.text("camera"), .text("street.mp4"), .integer(0), .integer(226), .integer(9000)]
      ])
    #expect(
      try fixture.rows("SELECT id, kind, label, place, track, found_by, frame, pts_s, at_ms, json FROM events") == [
        [
          .text("a"), .text("zone.enter"), .text("person"), .text("door"), .integer(1), .text("objects"), .integer(25),
          .number(1), .time(DatabaseFixture.wall(1).milliseconds), .text(#"{"kind":"zone.enter"}"#),
        ]
      ])
    #expect(
      try fixture.rows("SELECT label, open, first_pts_s, last_pts_s, frames, best_x, path FROM tracks") == [
        [
          .text("person"), .integer(0), .number(1), .number(9), .integer(9), .number(30),
          .text("[[1.0,50.0,120.0],[9.0,50.0,120.0]]"),
        ]
      ])
    #expect(try fixture.rows("SELECT jpeg FROM pictures") == [[.bytes([0xFF, 0xD8])]])
    try database.end(at: DatabaseFixture.wall(10))
    #expect(
      try fixture.rows("SELECT id, pipeline, stage, replay, ending, ended_ms - started_ms AS length FROM runs") == [
        [.text("run-1"), .text("test"), .text("store"), .integer(0), .text("finished"), .integer(10_000)]
      ])
    #expect(try fixture.rows("PRAGMA integrity_check") == [[.text("ok")]])
    #expect(try fixture.rows("PRAGMA foreign_key_check").isEmpty)
  }

  @Test func `given many events and tracks when written in parts then the hours are those of a plain count`() throws {
    let fixture = try DatabaseFixture()
    let database = try fixture.open()
    var random = SplitMix64(seed: 5)
    var plain: [String: Int64] = [:]
    func count(_ by: Int64, _ seconds: Double, _ stream: String, _ kind: String, _ label: String, _ place: String) {
      let hour = Int64(OutputFrames.start + seconds) / 3600 * 3_600_000
      plain["\(hour) \(stream) \(kind) \(label) \(place)", default: 0] += by
    }
    var track = 0
    for part in 0..<40 {
      var rows: [ResultRow] = []
      for index in 0..<25 {
        let seconds = Double(Int.random(in: 0..<(5 * 3600), using: &random))
        let stream = ["a", "b"].randomElement(using: &random) ?? ""
        let label = ["car", "person"].randomElement(using: &random) ?? ""
        if Bool.random(using: &random) {
          let kind = ["zone.enter", "zone.leave"].randomElement(using: &random) ?? ""
          let row = DatabaseFixture.event(
            "\(part)/\(index)", stream: stream, kind: kind, label: label, seconds: seconds)
          // What is written twice counts once.
          rows += [row, row]
          count(1, seconds, stream, kind, label, "door")
        } else {
          track += 1
          // First seen as something else.
          rows.append(DatabaseFixture.track(track, stream: stream, label: "dog", from: seconds, to: seconds))
          rows.append(DatabaseFixture.track(track, stream: stream, label: label, from: seconds, to: seconds + 2))
          count(1, seconds, stream, "track", label, "")
        }
      }
      try database.write(rows)
    }
    var counted: [String: Int64] = [:]
    for row in try fixture.rows("SELECT printf('%d %s %s %s %s', hour_ms, stream, kind, label, place), n FROM hours") {
      if case .text(let key) = row[0], case .integer(let n) = row[1] { counted[key] = n }
    }
    #expect(counted == plain && plain.count > 20)
  }

  @Test func `given a file of every version when opened then it has today's tables and its rows`() throws {
    for version in DatabaseSchema.migrator.migrations {
      let fixture = try DatabaseFixture()
      let old = try DatabaseQueue(path: fixture.path)
      try DatabaseSchema.migrator.migrate(old, upTo: version)
      try old.write { db in
        try db.execute(
          sql: "INSERT INTO runs (id, pipeline, stage, replay, started_ms) VALUES ('old', 'p', 's', 0, 1)")
      }
      try old.close()
      let database = try fixture.open()
      try database.write([DatabaseFixture.stream(), DatabaseFixture.event("a")])
      #expect(try fixture.number("SELECT count(*) FROM runs") == 2)
      #expect(try fixture.number("SELECT count(*) FROM visits") == 1)
    }
  }

  @Test func `given a file of a newer version when opened then it is refused and stays as it was`() throws {
    let fixture = try DatabaseFixture()
    try fixture.open().end(at: DatabaseFixture.wall(1))
    let newer = try DatabaseQueue(path: fixture.path)
    try newer.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('999')") }
    try newer.close()
    for open in [{ _ = try fixture.open("run-2") }, { _ = try fixture.query() }] as [() throws -> Void] {
      let error = #expect(throws: PipelineError.self) { try open() }
      #expect(error?.code == .unsupported && error?.message.contains("newer edgepipe") == true, "\(error as Any)")
    }
  }

  @Test func `given files of others when opened then they are refused and stay as they were`() throws {
    let fixture = try DatabaseFixture()
    let other = try DatabaseQueue(path: fixture.path)
    try other.write { try $0.execute(sql: "CREATE TABLE mine (a)") }
    try other.close()
    let before = try Data(contentsOf: URL(fileURLWithPath: fixture.path))
    for open in [{ _ = try fixture.open() }, { _ = try fixture.query() }] as [() throws -> Void] {
      let error = #expect(throws: PipelineError.self) { try open() }
      #expect(error?.code == .malformed && error?.message.contains("not a results database") == true)
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.path)) == before)
    #expect(try fixture.files.names() == ["results.db"])

    let text = try fixture.files.file("text.db", String(repeating: "not a database\n", count: 100))
    #expect(throws: (any Error).self) { _ = try ResultDatabase(path: text, run: DatabaseFixture.run()) }
    let error = #expect(throws: PipelineError.self) { _ = try ResultQuery(path: text) }
    #expect(error?.code == .malformed)
    #expect(try String(contentsOfFile: text, encoding: .utf8).hasPrefix("not a database"))
  }

  @Test func `given a run that was killed when the next begins then it is closed and one that goes on is not`() throws {
    let fixture = try DatabaseFixture()
    let alive = try fixture.open("alive")
    try alive.write([DatabaseFixture.stream("a"), DatabaseFixture.track(1, stream: "a", from: 0, to: 3, isOpen: true)])
    do {
      // Lets go of the file without an end, as the system does of a killed process.
      let killed = try fixture.open("killed")
      try killed.write([
        DatabaseFixture.stream("b", seconds: 40), DatabaseFixture.track(1, stream: "b", from: 0, to: 3, isOpen: true),
      ])
    }
    let next = try fixture.open("next")
    #expect(
      try fixture.rows("SELECT id, ending, ended_ms - started_ms AS length FROM runs ORDER BY number") == [
        [.text("alive"), .none, .none], [.text("killed"), .text("killed"), .integer(40_000)],
        [.text("next"), .none, .none],
      ])
    #expect(
      try fixture.rows("SELECT s.name, t.open FROM tracks t JOIN streams s ON s.number = t.stream ORDER BY 1") == [
        [.text("a"), .integer(1)], [.text("b"), .integer(0)],
      ])
    try alive.end(at: DatabaseFixture.wall(5))
    try next.end(at: DatabaseFixture.wall(5))
  }

  @Test func `given a run that opens the file again when it writes then it is one run`() throws {
    let fixture = try DatabaseFixture()
    do { try fixture.open().write([DatabaseFixture.stream()]) }
    try fixture.open().write([DatabaseFixture.stream(seconds: 4, frames: 7)])
    #expect(try fixture.rows("SELECT id, ending FROM runs") == [[.text("run-1"), .none]])
    #expect(try fixture.number("SELECT frames FROM streams") == 7)
  }

  @Test func `given several runs and a reader at one file when they write at once then every row is there`() throws {
    let fixture = try DatabaseFixture()
    try fixture.open("first").end(at: DatabaseFixture.wall(0))
    let path = fixture.path, failures = Monitor<[String]>([])
    let writers = try (0..<3).map { writer in
      try WorkerThread(name: "writer-\(writer)") {
        do {
          let database = try ResultDatabase(path: path, run: DatabaseFixture.run("run-\(writer)"))
          for part in 0..<40 {
            try database.write((0..<5).map { DatabaseFixture.event("\(writer)/\(part)/\($0)", seconds: Double(part)) })
          }
          try database.end(at: DatabaseFixture.wall(1))
        } catch { failures.change { $0.append("\(error)") } }
      }
    }
    for _ in 0..<20 {
      let seen = try fixture.rows("SELECT (SELECT count(*) FROM events), (SELECT sum(n) FROM hours)")[0]
      // Events and counts of one transaction are seen together.
      #expect(seen[0] == (seen[1] == .none ? .integer(0) : seen[1]))
    }
    for writer in writers { writer.join() }
    #expect(failures.withLock { $0 } == [])
    #expect(try fixture.number("SELECT count(*) FROM events") == 600)
    #expect(try fixture.number("SELECT sum(n) FROM hours") == 600)
    #expect(try fixture.number("SELECT count(*) FROM runs WHERE ending = 'finished'") == 4)
  }
}
