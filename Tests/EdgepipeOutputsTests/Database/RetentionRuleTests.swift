import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeOutputs

@Suite struct RetentionRuleTests {
  private let day = 86_400.0

  private func removeAll(_ database: ResultDatabase, _ rule: RetentionRule, now: Double) throws -> Int {
    var steps = 1
    while try database.remove(by: rule, now: DatabaseFixture.wall(now)) { steps += 1 }
    return steps
  }

  @Test func `given rows of ten days when three are kept then the older ones go bit by bit`() throws {
    let fixture = try DatabaseFixture()
    let old = try fixture.open("old")
    for number in 0..<10 {
      let seconds = Double(number) * day
      try old.write(
        [DatabaseFixture.stream("s\(number)", seconds: seconds)]
          + (0..<300).map {
            DatabaseFixture.event("\(number)/\($0)", stream: "s\(number)", seconds: seconds + Double($0))
          }
          + [DatabaseFixture.track(1, stream: "s\(number)", from: seconds, to: seconds + 1, picture: [1, 2, 3])])
    }
    try old.end(at: DatabaseFixture.wall(10 * day))
    let database = try fixture.open("new")
    let steps = try removeAll(database, RetentionRule(keepDays: 3, maxMB: nil), now: 9 * day + 1)
    // 1800 events in steps of 200, and those of the last hour at the limit.
    #expect(steps >= 9)
    #expect(try fixture.number("SELECT count(DISTINCT stream) FROM events") == 4)
    #expect(
      try fixture.number("SELECT min(at_ms) >= \(DatabaseFixture.wall(6 * day).milliseconds) FROM events") == 1)
    #expect(try fixture.number("SELECT count(*) FROM tracks") == 4)
    #expect(try fixture.number("SELECT count(*) FROM pictures") == 4)
    #expect(try fixture.number("SELECT count(*) FROM streams") == 4)
    #expect(try fixture.number("SELECT count(*) FROM runs") == 2)
    // The run goes with the last of its rows.
    _ = try removeAll(database, RetentionRule(keepDays: 3, maxMB: nil), now: 30 * day)
    #expect(try fixture.rows("SELECT id FROM runs") == [[.text("new")]])
    #expect(try fixture.number("SELECT (SELECT count(*) FROM hours) + (SELECT count(*) FROM events)") == 0)
    #expect(try fixture.rows("PRAGMA integrity_check") == [[.text("ok")]])
    #expect(try fixture.rows("PRAGMA foreign_key_check").isEmpty)
  }

  @Test func `given a limit of megabytes when rows keep coming then the file does not grow and the latest are there`()
    throws
  {
    let fixture = try DatabaseFixture()
    let database = try fixture.open()
    let rule = RetentionRule(keepDays: nil, maxMB: 2)
    let json = "{\"text\":\"\(String(repeating: "x", count: 700))\"}"
    for part in 0..<40 {
      try database.write(
        (0..<250).map { DatabaseFixture.event("\(part)/\($0)", seconds: Double(part * 250 + $0), json: json) })
      _ = try removeAll(database, rule, now: Double(part * 250))
    }
    let count = try #require(try fixture.number("SELECT count(*) FROM events"))
    #expect(count > 1000 && count < 4000)
    #expect(try fixture.number("SELECT count(*) FROM events WHERE id LIKE '39/%'") == 250)
    try database.end(at: DatabaseFixture.wall(1))
    let size = try FileManager.default.attributesOfItem(atPath: fixture.path)[.size] as? Int ?? .max
    // One part and the spare pages may come on top.
    #expect(size < 2_700_000)
    // Ten thousand events would take several times that.
    #expect(try fixture.number("SELECT sum(n) FROM hours") == 10_000)
  }

  @Test func `given a track that is still open when the limit is reached then it stays`() throws {
    let fixture = try DatabaseFixture()
    let database = try fixture.open()
    try database.write([
      DatabaseFixture.track(1, from: 0, to: 2, isOpen: true), DatabaseFixture.track(2, from: 0, to: 2),
    ])
    _ = try removeAll(database, RetentionRule(keepDays: 1, maxMB: nil), now: 30 * day)
    #expect(try fixture.rows("SELECT track FROM tracks") == [[.integer(1)]])
  }
}
