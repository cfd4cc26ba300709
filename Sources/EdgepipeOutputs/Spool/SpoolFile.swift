import EdgepipeCore
import Foundation
import GRDB
import Synchronization

/// The database of a spool: what waits, in the order in which it goes out, and what a receiver refused for ever.
///
/// Every change is one transaction that is on the disk when the call returns (WAL, synchronous FULL). Each row has a
/// checksum of its own, since SQLite has none for its pages: a row that is no longer what was written is not sent.
final class SpoolFile: Sendable {
  struct Row: Sendable, Hashable {
    let sequence: Int64
    let item: OutgoingItem
  }

  /// What one transaction does, in this order.
  struct Change: Sendable {
    /// Everything up to this row has been taken by the receiver.
    var acknowledged: Int64?
    /// Rows that the receiver refuses for ever, and why.
    var refused: [(sequence: Int64, reason: String)] = []
    /// Rows that are older are given up.
    var oldest: WallTime?
    var added: [OutgoingItem] = []
    /// Rows that are too many, from the oldest on, are given up; nil where there is no limit.
    var maxBytes: Int?
    var now = WallTime(nanoseconds: 0)
  }

  /// What a transaction did beside what it was asked for.
  struct Effects: Sendable, Hashable {
    var expired = 0
    var dropped = 0
  }

  /// What waits.
  struct Contents: Sendable, Hashable {
    var items = 0
    var bytes = 0
    var dead = 0
    /// The last row that there is or was.
    var lastSequence: Int64 = 0
  }

  /// What a row takes beside its texts: numbers, lengths and its place in two trees.
  static let rowOverhead = 64
  /// Refused results that are kept; older ones go.
  static let mostDead = 10_000

  private let queue: DatabaseQueue
  /// Counted once and then kept up, since counting takes as long as there are rows.
  private let totals: Mutex<Contents>

  /// Opens the file, or makes it.
  ///
  /// - Throws: `DatabaseError`; `SQLITE_CORRUPT` and `SQLITE_NOTADB` where it is damaged.
  init(path: String) throws {
    var configuration = Configuration()
    configuration.journalMode = .wal
    configuration.busyMode = .timeout(5)
    configuration.label = "edgepipe.spool"
    configuration.prepareDatabase { db in
      try db.execute(sql: "PRAGMA synchronous = FULL")
      // What is deleted is given back, some at a time; it is decided before the first table exists.
      try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
      try db.execute(sql: "PRAGMA journal_size_limit = 1000000")
    }
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    self.queue = queue
    try Self.migrator.migrate(queue)
    totals = Mutex(try queue.read(Self.count))
    try queue.read { db in
      let verdict = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
      if verdict != "ok" { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: verdict) }
    }
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { db in
      try db.execute(
        sql: """
          CREATE TABLE item (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL, stream TEXT NOT NULL, kind TEXT NOT NULL, address TEXT NOT NULL, body BLOB NOT NULL,
            added_ms INTEGER NOT NULL, size INTEGER NOT NULL, checksum INTEGER NOT NULL
          ) STRICT;
          CREATE TABLE dead (
            sequence INTEGER PRIMARY KEY,
            id TEXT NOT NULL, stream TEXT NOT NULL, kind TEXT NOT NULL, address TEXT NOT NULL, body BLOB NOT NULL,
            added_ms INTEGER NOT NULL, refused_ms INTEGER NOT NULL, reason TEXT NOT NULL
          ) STRICT;
          """)
    }
    return migrator
  }

  /// What waits.
  var contents: Contents { totals.withLock { $0 } }

  private static func count(_ db: Database) throws -> Contents {
    var contents = Contents()
    if let row = try GRDB.Row.fetchOne(db, sql: "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM item") {
      contents.items = row[0]
      contents.bytes = row[1]
    }
    contents.dead = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM dead") ?? 0
    contents.lastSequence =
      try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'item'") ?? 0
    return contents
  }

  /// Does all of it or nothing.
  ///
  /// - Returns: what was done, and what waits now.
  func commit(_ change: Change) throws -> (effects: Effects, contents: Contents) {
    let before = totals.withLock { $0 }
    let (effects, after) = try queue.write { db in
      var effects = Effects(), contents = before
      for (sequence, reason) in change.refused {
        try Self.putAside(db, sequence, reason, now: change.now)
        try Self.delete(db, "sequence = ?", sequence, from: &contents)
      }
      if let acknowledged = change.acknowledged {
        try Self.delete(db, "sequence <= ?", acknowledged, from: &contents)
      }
      if let oldest = change.oldest { effects.expired = try Self.expire(db, oldest, &contents) }
      try Self.add(db, change, &contents)
      if let maxBytes = change.maxBytes { effects.dropped = try Self.makeRoom(db, maxBytes, &contents) }
      if !change.refused.isEmpty { contents.dead = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM dead") ?? 0 }
      return (effects, contents)
    }
    totals.withLock { $0 = after }
    return (effects, after)
  }

  private static func add(_ db: Database, _ change: Change, _ contents: inout Contents) throws {
    let insert = try db.cachedStatement(
      sql:
        "INSERT INTO item (id, stream, kind, address, body, added_ms, size, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
    for item in change.added {
      try insert.execute(arguments: [
        item.id, item.stream, item.kind, item.address, Data(item.body), change.now.milliseconds, item.storedBytes,
        item.checksum,
      ])
      contents.items += 1
      contents.bytes += item.storedBytes
    }
    if !change.added.isEmpty { contents.lastSequence = db.lastInsertedRowID }
  }

  @discardableResult
  private static func delete(
    _ db: Database, _ condition: String, _ value: Int64, from contents: inout Contents
  ) throws -> Int {
    let count = "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM item WHERE \(condition)"
    guard let row = try GRDB.Row.fetchOne(db, sql: count, arguments: [value]) else { return 0 }
    let items: Int = row[0], bytes: Int = row[1]
    if items == 0 { return 0 }
    try db.execute(sql: "DELETE FROM item WHERE \(condition)", arguments: [value])
    contents.items -= items
    contents.bytes -= bytes
    return items
  }

  /// The clock may have been set back meanwhile: only what stands at the front can be too old.
  private static func expire(_ db: Database, _ oldest: WallTime, _ contents: inout Contents) throws -> Int {
    let young = "SELECT sequence FROM item WHERE added_ms >= ? ORDER BY sequence LIMIT 1"
    let first = try Int64.fetchOne(db, sql: young, arguments: [oldest.milliseconds]) ?? .max
    return try delete(db, "sequence < ?", first, from: &contents)
  }

  private static func putAside(_ db: Database, _ sequence: Int64, _ reason: String, now: WallTime) throws {
    try db.execute(
      sql: """
        INSERT OR REPLACE INTO dead
        SELECT sequence, id, stream, kind, address, body, added_ms, ?, ? FROM item WHERE sequence = ?
        """, arguments: [now.milliseconds, reason, sequence])
    try db.execute(
      sql: "DELETE FROM dead WHERE sequence <= (SELECT sequence FROM dead ORDER BY sequence DESC LIMIT 1 OFFSET ?)",
      arguments: [mostDead])
  }

  /// Deletes the oldest rows until the rest takes no more than `maxBytes`.
  private static func makeRoom(_ db: Database, _ maxBytes: Int, _ contents: inout Contents) throws -> Int {
    guard contents.bytes > maxBytes else { return 0 }
    var excess = contents.bytes - maxBytes, last: Int64 = 0
    let rows = try GRDB.Row.fetchCursor(db, sql: "SELECT sequence, size FROM item ORDER BY sequence")
    while excess > 0, let row = try rows.next() {
      last = row[0]
      let size: Int = row[1]
      excess -= size
    }
    return try delete(db, "sequence <= ?", last, from: &contents)
  }

  /// The next rows after `sequence`, in their order; at least one where there is one.
  ///
  /// - Parameter bytes: ends the batch before it grows beyond.
  /// - Returns: the rows up to a damaged one; those that are damaged, where they come first.
  func rows(after sequence: Int64, limit: Int, bytes: Int) throws -> (rows: [Row], damaged: [Int64]) {
    try queue.read { db in
      var rows: [Row] = [], damaged: [Int64] = [], size = 0
      let cursor = try GRDB.Row.fetchCursor(
        db,
        sql: """
          SELECT sequence, id, stream, kind, address, body, checksum FROM item WHERE sequence > ? ORDER BY sequence LIMIT ?
          """, arguments: [sequence, limit])
      while let row = try cursor.next() {
        let (item, isWhole) = Self.item(row), sequence: Int64 = row[0]
        if !isWhole {
          // Told when everything before has been sent, so that it is told once.
          guard rows.isEmpty else { break }
          damaged.append(sequence)
          continue
        }
        size += item.storedBytes
        if !rows.isEmpty, size > bytes { break }
        rows.append(Row(sequence: sequence, item: item))
      }
      return (rows, damaged)
    }
  }

  private static func item(_ row: GRDB.Row) -> (item: OutgoingItem, isWhole: Bool) {
    let body: Data = row[5]
    let item = OutgoingItem(id: row[1], stream: row[2], kind: row[3], address: row[4], body: Array(body))
    return (item, item.checksum == row[6])
  }

  /// Calls `take` with every row that can still be read and is whole, in order.
  static func salvage(_ queue: DatabaseQueue, _ take: (OutgoingItem) -> Void) {
    try? queue.read { db in
      let cursor = try GRDB.Row.fetchCursor(
        db, sql: "SELECT sequence, id, stream, kind, address, body, checksum FROM item ORDER BY sequence")
      while let row = try cursor.next() {
        let (item, isWhole) = Self.item(row)
        if isWhole { take(item) }
      }
    }
  }

  /// Gives free pages back to the file system, some at a time.
  func shrink() throws {
    try queue.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA incremental_vacuum(1000)") }
  }

  func close() throws { try queue.close() }
}

extension WallTime {
  var milliseconds: Int64 { nanoseconds / 1_000_000 }
}

extension OutgoingItem {
  /// What it counts for in a spool.
  var storedBytes: Int {
    id.utf8.count + stream.utf8.count + kind.utf8.count + address.utf8.count + body.count + SpoolFile.rowOverhead
  }

  /// Over all parts, each text ended by a byte that no text holds.
  var checksum: Int64 {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(storedBytes)
    for text in [id, stream, kind, address] {
      bytes.append(contentsOf: text.utf8)
      bytes.append(0xFF)
    }
    bytes.append(contentsOf: body)
    return Int64(CRC32.checksum(0, bytes))
  }
}
