import EdgepipeCore
import GRDB

/// What a results database keeps, removed in small steps, so that nobody waits for long: what is older than some days, and
/// the oldest while the file holds too much. Freed pages are given back to the file system bit by bit.
struct RetentionRule: Sendable {
  var keepDays: Double?
  var maxMB: Double?

  /// Rows of each table that go in one step.
  static let stepRows = 200
  private static let stepPages = 512
  /// Free pages that may stay, for what comes next.
  private static let sparePages = 64
  /// Removing goes on until so much of the limit is used, so that it does not begin again at once.
  private static let lowMark = 0.95

  /// A table, and the column by which its rows age.
  private static let tables = [("events", "at_ms"), ("tracks", "last_ms"), ("health", "at_ms")]

  var isSet: Bool { keepDays != nil || maxMB != nil }

  /// - Returns: whether there is more to remove.
  func step(_ db: Database, now: WallTime) throws -> Bool {
    var removed = 0
    if let keepDays {
      let age = keepDays * 86_400_000
      let limit = Double(now.milliseconds) - age
      removed += try removeRows(before: Int64(exactly: limit.rounded()) ?? .min, db)
    }
    if let maxMB, try Self.usedBytes(db) > maxMB * 1_000_000 * Self.lowMark { removed += try shrink(to: maxMB, db) }
    let freed = try Self.giveBack(db)
    return removed > 0 || freed
  }

  private func removeRows(before limit: Int64, _ db: Database) throws -> Int {
    var removed = 0
    for (table, column) in Self.tables {
      removed += try Self.removeOldest(of: table, column, where: "\(column) < \(limit)", db)
    }
    // An hour is kept until its end is too old.
    try db.execute(
      sql: """
        DELETE FROM hours WHERE hour_ms IN
          (SELECT hour_ms FROM hours WHERE hour_ms < ? - 3600000 ORDER BY hour_ms LIMIT \(Self.stepRows))
        """, arguments: [limit])
    removed += db.changesCount
    return try removed + Self.removeEmptyRuns(before: limit, db)
  }

  /// Of the tables whose oldest row is the oldest; the hourly counts are small, and go last.
  private func shrink(to maxMB: Double, _ db: Database) throws -> Int {
    var oldest: (table: String, column: String, at: Int64)?
    for (table, column) in Self.tables {
      let condition = table == "tracks" ? "WHERE NOT open" : ""
      let sql = "SELECT \(column) FROM \(table) \(condition) ORDER BY \(column) LIMIT 1"
      if let at = try Int64.fetchOne(db, sql: sql), at < oldest?.at ?? .max { oldest = (table, column, at) }
    }
    if let oldest { return try Self.removeOldest(of: oldest.table, oldest.column, where: "1", db) }
    let empty = try Self.removeEmptyRuns(before: .max, db)
    if empty > 0 { return empty }
    try db.execute(
      sql: """
        DELETE FROM hours WHERE hour_ms IN (SELECT hour_ms FROM hours ORDER BY hour_ms LIMIT \(Self.stepRows))
          AND hour_ms < (SELECT max(hour_ms) FROM hours)
        """)
    return db.changesCount
  }

  private static func removeOldest(of table: String, _ column: String, where condition: String, _ db: Database) throws
    -> Int
  {
    let closed = table == "tracks" ? "AND NOT open" : ""
    try db.execute(
      sql: """
        DELETE FROM \(table) WHERE number IN
          (SELECT number FROM \(table) WHERE \(condition) \(closed) ORDER BY \(column) LIMIT \(stepRows))
        """)
    return db.changesCount
  }

  /// Streams and runs of which nothing is left.
  private static func removeEmptyRuns(before limit: Int64, _ db: Database) throws -> Int {
    try db.execute(
      sql: """
        DELETE FROM streams WHERE number IN (
          SELECT s.number FROM streams s JOIN runs r ON r.number = s.run
          WHERE r.ended_ms IS NOT NULL AND coalesce(s.last_ms, r.ended_ms) < ?
            AND NOT EXISTS (SELECT 1 FROM events e WHERE e.stream = s.number)
            AND NOT EXISTS (SELECT 1 FROM tracks t WHERE t.stream = s.number)
            AND NOT EXISTS (SELECT 1 FROM health h WHERE h.stream = s.number)
          LIMIT \(stepRows))
        """, arguments: [limit])
    let streams = db.changesCount
    try db.execute(
      sql: """
        DELETE FROM runs WHERE number IN (
          SELECT number FROM runs r WHERE ended_ms < ?
            AND NOT EXISTS (SELECT 1 FROM streams s WHERE s.run = r.number) LIMIT \(stepRows))
        """, arguments: [limit])
    return streams + db.changesCount
  }

  /// What the rows take, without free pages.
  static func usedBytes(_ db: Database) throws -> Double {
    let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
    let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
    let size = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 0
    return Double(pages - free) * Double(size)
  }

  /// - Returns: whether more could be given back.
  private static func giveBack(_ db: Database) throws -> Bool {
    let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
    guard free > sparePages else { return false }
    try db.execute(sql: "PRAGMA incremental_vacuum(\(stepPages))")
    return try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0 < free && free > stepPages + sparePages
  }
}
