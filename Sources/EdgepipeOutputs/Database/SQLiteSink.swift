package import EdgepipeCore
package import Pipeline
package import Stages
import Synchronization

/// Keeps what was seen in a SQLite database: runs, streams, tracks, events, changes of health, and counts by the hour.
///
/// Input: frames with results; pictures of tracks need pixels. Output: rows of one file, which several pipelines may share,
/// and which `edgepipe query` reads meanwhile. A frame counts as delivered once its rows are on the disk.
/// Drops: while the file cannot be written, such as on a full disk, rows are dropped and counted, and the frames that had
/// some are dropped as `unwritten`; detection goes on.
/// Trade-off: rows are committed at most ten times a second, so a power cut costs at most the last tenth of a second, and
/// a kill also what became of open tracks in the last five seconds.
///
/// ```json
/// { "id": "store", "type": "sink.sqlite", "after": ["zones"], "config": { "path": "out/results.db", "keepDays": 30 } }
/// ```
package final class SQLiteSink: HealthObserver {
  package struct Configuration: StageConfiguration {
    package var path = ""
    package var pictures = false
    package var keepDays: Double?
    package var maxMB: Double?
    package var selection = ResultSelection(what: [.events, .tracks, .health])

    package static let options: [ConfigurationOption<Self>] =
      [
        .init(
          "path", \.path, .string, required: true,
          "The database file; it and its folders are created, and what is in it stays."),
        .init("pictures", \.pictures, .bool, "Keeps a small picture of each track at its best."),
        .init("keepDays", \.keepDays, .number(0.01...36_500), "Removes what is older than so many days."),
        .init("maxMB", \.maxMB, .number(1...1_000_000), "Removes the oldest rows while the file holds more than this."),
      ] + ResultSelection.declared([.events, .tracks, .health]).map { $0.of(\.selection) }

    package init() {}

    package init(path: String) { self.path = path }
  }

  package static let type = "sink.sqlite"
  package static let summary = "Keeps tracks, events and hourly counts in a SQLite database."
  package static let role = StageRole.sink
  package static let needsImage = true

  /// Why frames are dropped whose rows could not be written.
  static let unwritten = DropReason(rawValue: "unwritten")

  struct Counts {
    var events = 0
    var tracks = 0
    var pictures = 0
    var rows = RowWriter.Counts()
  }

  let configuration: Configuration
  let context: StageContext
  let counts = Mutex(Counts())

  package init(_ configuration: Configuration, context: StageContext) throws {
    try OutputPath.checkFile(configuration.path)
    self.configuration = configuration
    self.context = context
  }

  package var interface: StageInterface {
    var interface = StageInterface()
    interface.needsImage = configuration.pictures && configuration.selection.takes(.tracks)
    interface.wishes = configuration.selection.wishes
    return interface
  }

  package func files(for streams: [String]) -> [FileUse] {
    [.writes(configuration.path, as: "the database of '\(context.id)'")]
  }

  package func makeWorker(_ worker: WorkerContext) throws -> any FrameWorker {
    // A file that is there is opened before the first frame, so that a wrong one ends the run at once.
    var writer: RowWriter?
    if case .file = FilePlace(configuration.path) { writer = try makeWriter() }
    return SQLiteWorker(stage: self, writer: writer, hasFailed: worker.hasFailed)
  }

  /// Opens the database and starts the thread that writes it. A disk that is full now may have room later.
  func makeWriter() throws -> RowWriter {
    let path = configuration.path
    let run = ResultDatabase.Run(
      id: context.run, pipeline: context.pipeline, stage: context.id, isReplay: context.isReplay,
      started: context.clock.wallTime())
    let open: @Sendable () throws -> ResultDatabase = { try ResultDatabase(path: path, run: run) }
    var database: ResultDatabase?
    do {
      try OutputPath.makeParent(of: path)
      database = try open()
    } catch {
      let described = DatabaseFailure.described(error, "open", path)
      guard DatabaseFailure.isFullDisk(error) else { throw described }
      context.logger.warning("\(described); rows are dropped until it can be written")
    }
    return try RowWriter(
      id: context.id, database: database,
      rule: RetentionRule(keepDays: configuration.keepDays, maxMB: configuration.maxMB), clock: context.clock,
      logger: context.logger, threads: context.threads, open: open)
  }

  package var tips: [StageTip] {
    configuration.pictures ? [StageTip("pictures=false", "if no pictures of tracks are looked at")] : []
  }

  package var facts: [String: ReportValue] {
    counts.withLock {
      [
        "path": .string(configuration.path), "events": .int($0.events), "tracks": .int($0.tracks),
        "pictures": .int($0.pictures), "rows": .int($0.rows.written), "rows_dropped": .int($0.rows.dropped),
        "commits": .int($0.rows.commits),
      ]
    }
  }
}
