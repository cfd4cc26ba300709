import EdgepipeCore
import Foundation
import GRDB
import Logging
import Pipeline
import PipelineTestSupport

@testable import EdgepipeOutputs

/// A database in a folder of its own, and rows to write into it.
final class DatabaseFixture {
  let files: FilesFixture
  var path: String { files.path("results.db") }

  init() throws { files = try FilesFixture() }

  static func run(_ id: String = "run-1", isReplay: Bool = false) -> ResultDatabase.Run {
    ResultDatabase.Run(
      id: id, pipeline: "test", stage: "store", isReplay: isReplay, started: wall(0))
  }

  /// Seconds after 2026-01-01T00:00:00Z.
  static func wall(_ seconds: Double) -> WallTime {
    WallTime(nanoseconds: Int64(((OutputFrames.start + seconds) * 1000).rounded()) * 1_000_000)
  }

  func open(_ run: String = "run-1", isReplay: Bool = false) throws -> ResultDatabase {
    try ResultDatabase(path: path, run: Self.run(run, isReplay: isReplay))
  }

  func query(timeLimitS: Double = 60) throws -> ResultQuery { try ResultQuery(path: path, timeLimitS: timeLimitS) }

  /// The rows that a statement gives.
  func rows(_ sql: String) throws -> [[QueryResult.Value]] { try query().select(sql, limit: nil).rows }

  func number(_ sql: String) throws -> Int64? {
    if case .integer(let number)? = try rows(sql).first?.first { number } else { nil }
  }

  static func stream(_ name: String = "camera", seconds: Double = 0, frames: Int = 1) -> ResultRow {
    .stream(
      StreamRow(
        name: name, source: "street.mp4", isLive: false, first: wall(0), last: wall(seconds), frames: frames))
  }

  static func event(
    _ id: String, stream: String = "camera", kind: String = "zone.enter", label: String? = "person",
    place: String? = "door", track: Int? = 1, seconds: Double = 0, dwellS: Double? = nil, json: String = "{}"
  ) -> ResultRow {
    var row = EventRow(
      id: id, stream: stream, stage: "zones", kind: kind, frame: Int(seconds * 25), time: MediaTime(seconds: seconds),
      at: wall(seconds), json: json)
    (row.label, row.place, row.track, row.foundBy, row.dwellS) = (label, place, track, "objects", dwellS)
    return .event(row)
  }

  /// A track that is seen once a second.
  static func track(
    _ number: Int, stream: String = "camera", label: String = "person", from: Double, to: Double, isOpen: Bool = false,
    picture: [UInt8]? = nil
  ) -> ResultRow {
    var summaries = TrackSummaries()
    var second = from
    while second <= to {
      _ = summaries.add(
        OutputFrames.frame(
          Int(second * 25), stream: stream, seconds: second, [OutputFrames.detection(number, label: label)]))
      second += 1
    }
    let shown = picture.map { TrackRow.Picture(frame: 0, score: 0.5, jpeg: $0) }
    return .track(TrackRow(summary: summaries.endAll()[0], isOpen: isOpen, picture: shown))
  }
}
