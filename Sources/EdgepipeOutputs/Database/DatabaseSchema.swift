import EdgepipeCore
import GRDB

/// The tables of a results database, and how those of earlier versions become today's.
///
/// A migration that was released is never changed; a change of the tables is a new one. Times are milliseconds since
/// 1970-01-01 in UTC (`_ms`), by the wall clock when a frame was captured; media times are seconds (`pts_s`).
enum DatabaseSchema {
  /// SQLite's application id, by which files of ours are known: "EPRS".
  static let applicationID = 0x4550_5253

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { db in try db.execute(sql: version1) }
    return migrator
  }

  private static let version1 = """
    PRAGMA application_id = \(applicationID);

    CREATE TABLE runs (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      pipeline TEXT NOT NULL,
      stage TEXT NOT NULL,
      replay INTEGER NOT NULL,
      started_ms INTEGER NOT NULL,
      ended_ms INTEGER,
      ending TEXT CHECK (ending IN ('finished', 'killed'))
    ) STRICT;
    CREATE INDEX runs_open ON runs(number) WHERE ended_ms IS NULL;

    CREATE TABLE streams (
      number INTEGER PRIMARY KEY,
      run INTEGER NOT NULL REFERENCES runs(number),
      name TEXT NOT NULL,
      source TEXT,
      live INTEGER NOT NULL,
      first_ms INTEGER,
      last_ms INTEGER,
      frames INTEGER NOT NULL,
      UNIQUE (run, name)
    ) STRICT;

    CREATE TABLE tracks (
      number INTEGER PRIMARY KEY,
      stream INTEGER NOT NULL REFERENCES streams(number),
      stage TEXT NOT NULL,
      track INTEGER NOT NULL,
      label TEXT NOT NULL,
      open INTEGER NOT NULL,
      first_frame INTEGER NOT NULL,
      first_pts_s REAL NOT NULL,
      last_pts_s REAL NOT NULL,
      first_ms INTEGER NOT NULL,
      last_ms INTEGER NOT NULL,
      frames INTEGER NOT NULL,
      score REAL NOT NULL,
      best_score REAL NOT NULL,
      best_frame INTEGER NOT NULL,
      best_pts_s REAL NOT NULL,
      best_x REAL NOT NULL,
      best_y REAL NOT NULL,
      best_width REAL NOT NULL,
      best_height REAL NOT NULL,
      path TEXT NOT NULL,
      UNIQUE (stream, stage, track, first_frame)
    ) STRICT;
    CREATE INDEX tracks_last ON tracks(last_ms);
    CREATE INDEX tracks_label ON tracks(label, first_ms);
    CREATE INDEX tracks_open ON tracks(stream) WHERE open;

    CREATE TABLE pictures (
      track INTEGER PRIMARY KEY REFERENCES tracks(number) ON DELETE CASCADE,
      frame INTEGER NOT NULL,
      score REAL NOT NULL,
      jpeg BLOB NOT NULL
    ) STRICT;

    CREATE TABLE events (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      stream INTEGER NOT NULL REFERENCES streams(number),
      stage TEXT NOT NULL,
      kind TEXT NOT NULL,
      label TEXT,
      place TEXT,
      track INTEGER,
      found_by TEXT,
      frame INTEGER NOT NULL,
      pts_s REAL NOT NULL,
      at_ms INTEGER NOT NULL,
      dwell_s REAL,
      json TEXT NOT NULL
    ) STRICT;
    CREATE INDEX events_at ON events(at_ms);
    CREATE INDEX events_place ON events(kind, place, at_ms);
    CREATE INDEX events_visit ON events(stream, track, kind, place);

    CREATE TABLE health (
      number INTEGER PRIMARY KEY,
      stream INTEGER NOT NULL REFERENCES streams(number),
      at_ms INTEGER NOT NULL,
      state TEXT NOT NULL,
      previous TEXT,
      attempt INTEGER NOT NULL,
      fault TEXT,
      fault_s REAL,
      error TEXT
    ) STRICT;
    CREATE INDEX health_at ON health(at_ms);
    CREATE INDEX health_stream ON health(stream);

    CREATE TABLE hours (
      hour_ms INTEGER NOT NULL,
      stream TEXT NOT NULL,
      kind TEXT NOT NULL,
      label TEXT NOT NULL,
      place TEXT NOT NULL,
      replay INTEGER NOT NULL,
      n INTEGER NOT NULL,
      PRIMARY KEY (hour_ms, stream, kind, label, place, replay)
    ) STRICT, WITHOUT ROWID;

    CREATE VIEW visits AS
      SELECT
        e.number, s.run, s.name AS stream, e.place AS zone, e.label, e.track, e.found_by, e.stage,
        e.at_ms AS entered_ms, l.at_ms AS left_ms, json_extract(l.json, '$.reason') AS ending,
        coalesce(l.dwell_s, max(0.0, (
          SELECT max(t.last_pts_s) FROM tracks t
          WHERE t.stream = e.stream AND t.stage = e.found_by AND t.track = e.track) - e.pts_s)) AS stay_s
      FROM events e JOIN streams s ON s.number = e.stream
      LEFT JOIN events l ON l.number = (
        SELECT min(n.number) FROM events n
        WHERE n.stream = e.stream AND n.track = e.track AND n.kind = 'zone.leave' AND n.place = e.place
          AND n.found_by IS e.found_by AND n.stage = e.stage AND n.number > e.number)
      WHERE e.kind = 'zone.enter';
    """
}
