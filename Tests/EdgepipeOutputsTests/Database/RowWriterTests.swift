import EdgepipeCore
import Foundation
import Pipeline
import PipelineTestSupport
import Testing

@testable import EdgepipeOutputs

@Suite struct RowWriterTests {
  private func writer(
    _ path: String, rule: RetentionRule = RetentionRule(), log: LogLines = LogLines(), isOpen: Bool = true
  ) throws -> RowWriter {
    let open: @Sendable () throws -> ResultDatabase = {
      try ResultDatabase(path: path, run: DatabaseFixture.run())
    }
    return try RowWriter(
      id: "store", database: isOpen ? try open() : nil, rule: rule, clock: SystemClock(), logger: log.logger(),
      threads: ThreadCensus(), open: open)
  }

  private func isTaken(_ answer: RowWriter.Answer) -> Bool {
    if case .taken = answer { true } else { false }
  }

  /// Tries until it holds: what a thread does takes as long as the machine lets it.
  private func wait(_ condition: () throws -> Bool) rethrows -> Bool {
    let end = SystemClock().now().advanced(byMilliseconds: 60_000)
    while SystemClock().now() < end {
      if try condition() { return true }
      usleep(5000)
    }
    return false
  }

  @Test func `given more rows than may wait when handed over then all are written in far fewer commits`() throws {
    let fixture = try DatabaseFixture()
    let writer = try writer(fixture.path)
    let total = 3 * RowWriter.maximumRows
    for part in 0..<(total / 100) {
      #expect(isTaken(writer.put((0..<100).map { DatabaseFixture.event("\(part)/\($0)", seconds: 1) })))
    }
    writer.finish()
    #expect(writer.counts.written == total && writer.counts.dropped == 0)
    #expect(writer.counts.commits < total / 100)
    #expect(try fixture.number("SELECT count(*) FROM events") == Int64(total))
    #expect(try fixture.rows("SELECT ending FROM runs") == [[.text("finished")]])
  }

  @Test(.enabled(if: SmallDisk.isAvailable, "needs the right to mount a file system"))
  func `given a disk that fills up when rows come then they are dropped and counted and it goes on once there is room`()
    throws
  {
    let disk = try SmallDisk(megabytes: 4), log = LogLines(), path = disk.path("results.db")
    let writer = try writer(path, log: log)
    let json = "{\"text\":\"\(String(repeating: "x", count: 4000))\"}"
    var number = 0
    func put() -> Bool {
      number += 1
      return isTaken(writer.put([DatabaseFixture.event("\(number)", seconds: Double(number), json: json)]))
    }
    #expect(put())
    #expect(wait { writer.counts.written == 1 })
    disk.fill()
    // Every row is answered, whatever the disk does.
    #expect(wait { !put() })
    #expect(writer.counts.failures == 1 && writer.counts.dropped > 0)
    #expect(log.all.contains { $0.contains("full") && $0.contains("rows are dropped") }, "\(log.all)")

    disk.makeRoom()
    #expect(wait { put() })
    writer.finish()
    #expect(log.all.contains { $0.contains("can be written again") }, "\(log.all)")
    let counts = writer.counts
    #expect(counts.written + counts.dropped == number)
    let query = try ResultQuery(path: path)
    #expect(try query.select("SELECT count(*) FROM events", limit: nil).rows == [[.integer(Int64(counts.written))]])
    #expect(try query.select("PRAGMA integrity_check", limit: nil).rows == [[.text("ok")]])
    #expect(
      try query.select("SELECT count(*), max(ending) FROM runs", limit: nil).rows == [[.integer(1), .text("finished")]])
  }

  @Test(.enabled(if: SmallDisk.isAvailable, "needs the right to mount a file system"))
  func `given a disk that is full from the start when there is room then rows are written`() throws {
    let disk = try SmallDisk(megabytes: 4)
    disk.fill()
    let writer = try writer(disk.path("results.db"), isOpen: false)
    #expect(!isTaken(writer.put([DatabaseFixture.event("a")])))
    disk.makeRoom()
    #expect(wait { isTaken(writer.put([DatabaseFixture.event("b")])) })
    writer.finish()
    #expect(writer.counts.written == 1)
  }

  @Test func `given old rows when a writer begins then they are removed`() throws {
    let fixture = try DatabaseFixture()
    let old = try fixture.open("old")
    try old.write((0..<1000).map { DatabaseFixture.event("\($0)", seconds: -90 * 86_400) })
    try old.end(at: DatabaseFixture.wall(-80 * 86_400))
    let writer = try writer(fixture.path, rule: RetentionRule(keepDays: 30, maxMB: nil))
    #expect(try wait { try fixture.number("SELECT count(*) FROM events") == 0 })
    writer.finish()
  }
}
