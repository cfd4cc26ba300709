import EdgepipeCore
import GRDB

/// The questions to which `edgepipe query` has the SQL.
///
/// Replayed runs count only in a database that has no others: they would count everything twice.
package enum ReadyQuestion: String, Sendable, CaseIterable {
  case streams
  case who
  case counts
  case stays
  case busiest
  case tracks
  case events
  case health

  package var summary: String {
    switch self {
    case .streams: "the streams, and what was seen in each"
    case .who: "who was in a zone, and when"
    case .counts: "tracks, or events of one kind, by the hour"
    case .stays: "the longest stays in zones"
    case .busiest: "the streams with the most tracks"
    case .tracks: "tracks, the latest first"
    case .events: "events, the latest first"
    case .health: "faults of live streams: when they began and ended"
    }
  }

  /// The filters that narrow its answer, beside the period. Others would be taken for an answer that they did not give.
  package var filters: Set<QueryFilter.Field> {
    switch self {
    case .streams, .health: [.stream]
    case .who, .stays, .tracks: [.zone, .stream, .label]
    case .busiest: [.stream, .label]
    case .counts, .events: [.zone, .stream, .label, .kind]
    }
  }

  struct Query {
    var sql: String
    var arguments: StatementArguments
  }

  /// Conditions that are joined by AND, with their values.
  private struct Conditions {
    var texts: [String]
    var arguments = StatementArguments()

    init(_ first: String) { texts = [first] }

    mutating func add(_ text: String, _ value: (some DatabaseValueConvertible)?) {
      guard let value else { return }
      texts.append(text)
      arguments += [value]
    }

    var sql: String { "WHERE " + texts.joined(separator: " AND ") }
  }

  private static let counted = "r.replay = (SELECT min(replay) FROM runs)"
  private static let countedHours = "replay = coalesce((SELECT min(replay) FROM runs), 0)"
  private static let hourMs: Int64 = 3_600_000

  func query(_ filter: QueryFilter) -> Query {
    switch self {
    case .streams: return Self.streams(filter)
    case .who: return Self.visits(filter, order: "entered_ms, v.number")
    case .stays: return Self.visits(filter, order: "stay_s DESC, v.number")
    case .counts: return Self.counts(filter)
    case .busiest: return Self.busiest(filter)
    case .tracks: return Self.tracks(filter)
    case .events: return Self.events(filter)
    case .health: return Self.health(filter)
    }
  }

  private static func streams(_ filter: QueryFilter) -> Query {
    var conditions = Conditions(counted)
    conditions.add("s.name = ?", filter.stream)
    conditions.add("s.last_ms >= ?", filter.period.since)
    conditions.add("s.first_ms < ?", filter.period.until)
    return Query(
      sql: """
        SELECT s.name AS stream, count(*) AS runs, min(s.first_ms) AS first_ms, max(s.last_ms) AS last_ms,
          sum(s.frames) AS frames,
          sum((SELECT count(*) FROM tracks t WHERE t.stream = s.number)) AS tracks,
          sum((SELECT count(*) FROM events e WHERE e.stream = s.number)) AS events,
          sum((SELECT count(*) FROM health h WHERE h.stream = s.number AND h.fault = 'start')) AS faults
        FROM streams s JOIN runs r ON r.number = s.run \(conditions.sql) GROUP BY s.name ORDER BY s.name
        """, arguments: conditions.arguments)
  }

  /// Visits that overlap the period; one whose end is not known lasted as long as its track was seen.
  private static func visits(_ filter: QueryFilter, order: String) -> Query {
    var conditions = Conditions(counted)
    conditions.add("v.zone = ?", filter.zone)
    conditions.add("v.stream = ?", filter.stream)
    conditions.add("v.label = ?", filter.label)
    conditions.add("v.entered_ms < ?", filter.period.until)
    conditions.add(
      "coalesce(v.left_ms, v.entered_ms + CAST(1000 * coalesce(v.stay_s, 0) AS INTEGER)) >= ?", filter.period.since)
    return Query(
      sql: """
        SELECT v.zone, v.stream, v.label, v.track, v.entered_ms, v.left_ms, round(v.stay_s, 3) AS stay_s, v.ending
        FROM visits v JOIN runs r ON r.number = v.run \(conditions.sql) ORDER BY \(order)
        """, arguments: conditions.arguments)
  }

  private static func counts(_ filter: QueryFilter) -> Query {
    var conditions = Conditions(countedHours)
    if let kind = filter.kind {
      conditions.add("kind = ?", kind)
    } else if filter.zone != nil || filter.grouping == .zone {
      // What enters a zone, and what crosses a line.
      conditions.texts.append("kind IN ('zone.enter', 'line.cross')")
    } else if filter.grouping != .kind {
      conditions.add("kind = ?", RowTransaction.trackKind)
    }
    conditions.add("place = ?", filter.zone)
    conditions.add("stream = ?", filter.stream)
    conditions.add("label = ?", filter.label)
    conditions.add("hour_ms > ?", filter.period.since.map { $0 - hourMs })
    conditions.add("hour_ms < ?", filter.period.until)
    let column: String? =
      switch filter.grouping {
      case .stream: "stream"
      case .label: "label"
      case .zone: "place AS zone"
      case .kind: "kind"
      case nil: nil
      }
    let group = column.map { $0.split(separator: " ")[0] }
    return Query(
      sql: """
        SELECT hour_ms\(column.map { ", \($0)" } ?? ""), sum(n) AS count FROM hours \(conditions.sql)
        GROUP BY hour_ms\(group.map { ", \($0)" } ?? "") ORDER BY hour_ms\(group.map { ", \($0)" } ?? "")
        """, arguments: conditions.arguments)
  }

  private static func busiest(_ filter: QueryFilter) -> Query {
    var conditions = Conditions(countedHours)
    conditions.add("stream = ?", filter.stream)
    conditions.add("label = ?", filter.label)
    conditions.add("hour_ms > ?", filter.period.since.map { $0 - hourMs })
    conditions.add("hour_ms < ?", filter.period.until)
    return Query(
      sql: """
        SELECT stream, sum(tracks) AS tracks, sum(entries) AS entries, sum(crossings) AS crossings,
          max(tracks) AS most_tracks_in_an_hour
        FROM (
          SELECT stream, hour_ms, coalesce(sum(n) FILTER (WHERE kind = 'track'), 0) AS tracks,
            coalesce(sum(n) FILTER (WHERE kind = 'zone.enter'), 0) AS entries,
            coalesce(sum(n) FILTER (WHERE kind = 'line.cross'), 0) AS crossings
          FROM hours \(conditions.sql) GROUP BY stream, hour_ms)
        GROUP BY stream ORDER BY 2 DESC, 3 DESC, 4 DESC, stream
        """, arguments: conditions.arguments)
  }

  private static func tracks(_ filter: QueryFilter) -> Query {
    var conditions = Conditions(counted)
    conditions.add("s.name = ?", filter.stream)
    conditions.add("t.label = ?", filter.label)
    conditions.add("t.first_ms < ?", filter.period.until)
    conditions.add("t.last_ms >= ?", filter.period.since)
    conditions.add(
      "EXISTS (SELECT 1 FROM events e WHERE e.stream = t.stream AND e.track = t.track AND e.found_by = t.stage "
        + "AND e.place = ?)", filter.zone)
    return Query(
      sql: """
        SELECT t.number, s.name AS stream, t.stage, t.track, t.label, t.first_ms, t.last_ms,
          round(t.last_pts_s - t.first_pts_s, 3) AS seconds, t.frames, round(t.best_score, 3) AS best_score,
          (SELECT length(p.jpeg) FROM pictures p WHERE p.track = t.number) AS picture_bytes
        FROM tracks t JOIN streams s ON s.number = t.stream JOIN runs r ON r.number = s.run \(conditions.sql)
        ORDER BY t.first_ms DESC, t.number DESC
        """, arguments: conditions.arguments)
  }

  private static func events(_ filter: QueryFilter) -> Query {
    var conditions = Conditions(counted)
    conditions.add("s.name = ?", filter.stream)
    conditions.add("e.label = ?", filter.label)
    conditions.add("e.place = ?", filter.zone)
    conditions.add("e.kind = ?", filter.kind)
    conditions.add("e.at_ms >= ?", filter.period.since)
    conditions.add("e.at_ms < ?", filter.period.until)
    return Query(
      sql: """
        SELECT e.at_ms, s.name AS stream, e.kind, e.place AS zone, e.label, e.track, round(e.dwell_s, 3) AS dwell_s
        FROM events e JOIN streams s ON s.number = e.stream JOIN runs r ON r.number = s.run \(conditions.sql)
        ORDER BY e.at_ms DESC, e.number DESC
        """, arguments: conditions.arguments)
  }

  private static func health(_ filter: QueryFilter) -> Query {
    var conditions = Conditions(counted)
    conditions.texts.append("b.fault = 'start'")
    conditions.add("s.name = ?", filter.stream)
    conditions.add("b.at_ms < ?", filter.period.until)
    conditions.add("coalesce(f.at_ms, r.ended_ms, b.at_ms) >= ?", filter.period.since)
    return Query(
      sql: """
        SELECT s.name AS stream, b.at_ms AS began_ms, f.at_ms AS ended_ms, f.fault_s AS seconds, b.state, b.error
        FROM health b JOIN streams s ON s.number = b.stream JOIN runs r ON r.number = s.run
        LEFT JOIN health f ON f.number = (
          SELECT min(n.number) FROM health n WHERE n.stream = b.stream AND n.fault = 'end' AND n.number > b.number)
        \(conditions.sql) ORDER BY b.at_ms DESC, b.number DESC
        """, arguments: conditions.arguments)
  }
}
