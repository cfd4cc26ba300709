import EdgepipeCore
import Foundation
import GRDB
import Pipeline
import Stages

/// The rows of one transaction: writes each, and adds up what the hourly counts gain by them.
struct RowTransaction {
  private struct Hour: Hashable {
    let start: Int64
    let stream: String
    let kind: String
    let label: String
    let place: String
  }

  let db: Database
  /// The number of the run.
  let run: Int64
  let isReplay: Bool
  private var streams: [String: Int64] = [:]
  private var hours: [Hour: Int] = [:]

  init(db: Database, run: Int64, isReplay: Bool) {
    self.db = db
    self.run = run
    self.isReplay = isReplay
  }

  mutating func write(_ row: ResultRow) throws {
    switch row {
    case .stream(let row): try write(row)
    case .event(let row): try write(row)
    case .track(let row): try write(row)
    case .health(let change): try write(change)
    }
  }

  /// Writes the hourly counts; the transaction ends after it.
  func finish() throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO hours (hour_ms, stream, kind, label, place, replay, n) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET n = n + excluded.n
        """)
    for (hour, n) in hours where n != 0 {
      try statement.execute(
        arguments: [hour.start, hour.stream, hour.kind, hour.label, hour.place, isReplay, n])
    }
    // A track that got another label may have been the only one of its old label.
    if hours.values.contains(where: { $0 < 0 }) { try db.execute(sql: "DELETE FROM hours WHERE n <= 0") }
  }

  private mutating func count(_ by: Int, _ at: WallTime, stream: String, kind: String, label: String?, place: String?) {
    let length: Int64 = 3_600_000, milliseconds = at.milliseconds
    let start = milliseconds - ((milliseconds % length) + length) % length
    hours[Hour(start: start, stream: stream, kind: kind, label: label ?? "", place: place ?? ""), default: 0] += by
  }

  /// The stream's number; a stream of which nothing was said gets its row here.
  private mutating func stream(_ name: String) throws -> Int64 {
    if let known = streams[name] { return known }
    try db.cachedStatement(
      sql: "INSERT INTO streams (run, name, live, frames) VALUES (?, ?, 1, 0) ON CONFLICT (run, name) DO NOTHING"
    ).execute(arguments: [run, name])
    let statement = try db.cachedStatement(sql: "SELECT number FROM streams WHERE run = ? AND name = ?")
    guard let number = try Int64.fetchOne(statement, arguments: [run, name]) else {
      throw PipelineError("the stream '\(name)' has no row", code: .internalFault)
    }
    streams[name] = number
    return number
  }

  private mutating func write(_ row: StreamRow) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO streams (run, name, source, live, first_ms, last_ms, frames) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (run, name) DO UPDATE SET source = excluded.source, live = excluded.live,
          first_ms = min(coalesce(first_ms, excluded.first_ms), excluded.first_ms), last_ms = excluded.last_ms,
          frames = max(frames, excluded.frames)
        """
    ).execute(
      arguments: [
        run, row.name, row.source, row.isLive, row.first.milliseconds, row.last.milliseconds, row.frames,
      ])
  }

  private mutating func write(_ row: EventRow) throws {
    let stream = try stream(row.stream)
    try db.cachedStatement(
      sql: """
        INSERT INTO events
          (id, stream, stage, kind, label, place, track, found_by, frame, pts_s, at_ms, dwell_s, json)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
        """
    ).execute(
      arguments: [
        row.id, stream, row.stage, row.kind, row.label, row.place, row.track, row.foundBy, row.frame,
        row.time.seconds, row.at.milliseconds, row.dwellS, row.json,
      ])
    if db.changesCount > 0 {
      count(1, row.at, stream: row.stream, kind: row.kind, label: row.label, place: row.place)
    }
  }

  private mutating func write(_ row: TrackRow) throws {
    let summary = row.summary, key = summary.key
    let stream = try stream(key.stream)
    let known = try Row.fetchOne(
      db.cachedStatement(
        sql: "SELECT number, label FROM tracks WHERE stream = ? AND stage = ? AND track = ? AND first_frame = ?"),
      arguments: [stream, key.stage, key.track, summary.first.frame])
    let number: Int64
    if let known {
      number = known["number"]
      let label: String = known["label"]
      if label != summary.label {
        count(-1, summary.first.wall, stream: key.stream, kind: Self.trackKind, label: label, place: nil)
        count(1, summary.first.wall, stream: key.stream, kind: Self.trackKind, label: summary.label, place: nil)
      }
      try update(number, row)
    } else {
      number = try insert(row, stream)
      count(1, summary.first.wall, stream: key.stream, kind: Self.trackKind, label: summary.label, place: nil)
    }
    guard let picture = row.picture else { return }
    try db.cachedStatement(
      sql: """
        INSERT INTO pictures (track, frame, score, jpeg) VALUES (?, ?, ?, ?) ON CONFLICT (track) DO UPDATE
        SET frame = excluded.frame, score = excluded.score, jpeg = excluded.jpeg
        """
    ).execute(arguments: [number, picture.frame, Double(picture.score), Data(picture.jpeg)])
  }

  private mutating func write(_ change: HealthChange) throws {
    let health = change.health
    try db.cachedStatement(
      sql: """
        INSERT INTO health (stream, at_ms, state, previous, attempt, fault, fault_s, error)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(
      arguments: [
        stream(health.stream), health.sinceWall.milliseconds, health.state.rawValue, change.previous?.rawValue,
        health.attempt,
        change.fault?.rawValue, change.faultSeconds, health.lastError,
      ])
  }

  /// What the hourly counts call a track that was seen for the first time.
  static let trackKind = "track"

  private func insert(_ row: TrackRow, _ stream: Int64) throws -> Int64 {
    let summary = row.summary
    try db.cachedStatement(
      sql: """
        INSERT INTO tracks (
          stream, stage, track, first_frame, first_pts_s, first_ms, label, open, last_pts_s, last_ms, frames, score,
          best_score, best_frame, best_pts_s, best_x, best_y, best_width, best_height, path)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(
      arguments: [
        stream, summary.key.stage, summary.key.track, summary.first.frame, summary.first.time.seconds,
        summary.first.wall.milliseconds,
      ] + Self.changing(row))
    return db.lastInsertedRowID
  }

  private func update(_ number: Int64, _ row: TrackRow) throws {
    try db.cachedStatement(
      sql: """
        UPDATE tracks SET label = ?, open = ?, last_pts_s = ?, last_ms = ?, frames = ?, score = ?, best_score = ?,
          best_frame = ?, best_pts_s = ?, best_x = ?, best_y = ?, best_width = ?, best_height = ?, path = ?
        WHERE number = ?
        """
    ).execute(arguments: Self.changing(row) + [number])
  }

  private static func changing(_ row: TrackRow) -> StatementArguments {
    let summary = row.summary, best = summary.best
    var path = JSONLineBuffer()
    path.path(summary.path.simplified)
    return [
      summary.label, row.isOpen, summary.last.time.seconds, summary.last.wall.milliseconds, summary.frames,
      summary.score, Double(best.score), best.frame, best.time.seconds, Double(best.box.x), Double(best.box.y),
      Double(best.box.width), Double(best.box.height), String(decoding: path.bytes, as: UTF8.self),
    ]
  }
}
