import EdgepipeCore
import Foundation
import GRDB

/// A results database that one run writes: owns the connection, and the lock that says that the run goes on.
///
/// Everything that it needs to know of earlier rows it asks the database for, so that a transaction that fails leaves
/// nothing to put right. Other processes may write the same file at the same time.
final class ResultDatabase: Sendable {
  /// How long another writer is waited for, in seconds.
  static let patienceS = 4.0

  struct Run: Sendable {
    let id: String
    let pipeline: String
    /// The sink's id.
    let stage: String
    let isReplay: Bool
    let started: WallTime
  }

  let path: String
  private let run: Run
  private let queue: DatabaseQueue
  private let presence: RunPresence
  private let number: Int64

  /// Opens the file, making it where it is not there, brings its tables up to date and notes the run's begin. Runs that
  /// were killed are closed.
  ///
  /// - Throws: a `PipelineError` where the file is no database of ours or a newer one; else SQLite's `DatabaseError`.
  init(path: String, run: Run) throws {
    self.path = path
    self.run = run
    var configuration = Configuration()
    configuration.busyMode = .timeout(Self.patienceS)
    configuration.label = "edgepipe.\(run.stage)"
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    self.queue = queue
    try queue.inDatabase { try Self.check($0, path) }
    let presence = try RunPresence(database: path)
    self.presence = presence
    try presence.alone {
      try queue.inDatabase(Self.prepare)
      try DatabaseSchema.migrator.migrate(queue)
    }
    number = try queue.write { db in
      let number = try Self.begin(run, db)
      // Before others can see the run.
      presence.hold(number)
      try Self.closeKilledRuns(except: number, presence, db)
      return number
    }
  }

  /// Writes the rows, all or none, and returns once they are on the disk.
  ///
  /// - Throws: SQLite's `DatabaseError`; nothing is written then.
  func write(_ rows: [ResultRow]) throws {
    try queue.write { db in
      var transaction = RowTransaction(db: db, run: number, isReplay: run.isReplay)
      for row in rows { try transaction.write(row) }
      try transaction.finish()
    }
  }

  /// Removes a little of what is too old or too much.
  ///
  /// - Returns: whether there is more to remove.
  func remove(by rule: RetentionRule, now: WallTime) throws -> Bool {
    try queue.write { try rule.step($0, now: now) }
  }

  /// The run has ended; nothing is written any more.
  func end(at time: WallTime) throws {
    try queue.write { db in
      try db.execute(
        sql: "UPDATE runs SET ended_ms = max(?, started_ms), ending = 'finished' WHERE number = ?",
        arguments: [time.milliseconds, number])
    }
    presence.release(number)
    try queue.close()
  }

  /// Refuses what is not ours or too new; an empty file is a new one.
  static func check(_ db: Database, _ path: String) throws {
    let id = try Int.fetchOne(db, sql: "PRAGMA application_id")
    guard id == DatabaseSchema.applicationID else {
      let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
      if id == 0, tables == 0 { return }
      throw DatabaseFailure.foreign(path)
    }
    if try DatabaseSchema.migrator.hasBeenSuperseded(db) { throw DatabaseFailure.newer(path) }
  }

  private static func prepare(_ db: Database) throws {
    // Works only before the first table: free pages can be given back bit by bit.
    try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
    // Readers and a writer do not wait for each other.
    try db.execute(sql: "PRAGMA journal_mode = WAL")
    // What was committed survives a power cut as well; there are at most ten commits a second.
    try db.execute(sql: "PRAGMA synchronous = FULL")
    try db.execute(sql: "PRAGMA journal_size_limit = 4194304")
  }

  private static func begin(_ run: Run, _ db: Database) throws -> Int64 {
    // A run that lost the database for a while, such as on a full disk, goes on where it was.
    try db.execute(
      sql: """
        INSERT INTO runs (id, pipeline, stage, replay, started_ms) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET ended_ms = NULL, ending = NULL
        """,
      arguments: [run.id, run.pipeline, run.stage, run.isReplay, run.started.milliseconds])
    let number = try Int64.fetchOne(db, sql: "SELECT number FROM runs WHERE id = ?", arguments: [run.id])
    guard let number else { throw PipelineError("the run '\(run.id)' has no row", code: .internalFault) }
    return number
  }

  /// Runs without an end that no process goes on with have been killed: they ended when they were last heard of.
  private static func closeKilledRuns(except own: Int64, _ presence: RunPresence, _ db: Database) throws {
    let open = try Int64.fetchAll(
      db, sql: "SELECT number FROM runs WHERE ended_ms IS NULL AND number <> ?", arguments: [own])
    for run in open where !presence.isHeld(run) {
      try db.execute(
        sql: "UPDATE tracks SET open = 0 WHERE open AND stream IN (SELECT number FROM streams WHERE run = ?)",
        arguments: [run])
      try db.execute(
        sql: """
          UPDATE runs SET ending = 'killed', ended_ms = max(started_ms, coalesce(
            (SELECT max(last_ms) FROM streams WHERE run = runs.number), started_ms)) WHERE number = ?
          """,
        arguments: [run])
    }
  }
}
