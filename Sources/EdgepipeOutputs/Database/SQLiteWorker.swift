import EdgepipeCore
import Pipeline
import Stages

/// The part of ``SQLiteSink`` that lives on its thread: makes rows of frames, and hands them to the ``RowWriter``.
final class SQLiteWorker: HealthObservingWorker {
  /// How often open tracks and streams are written, in milliseconds: what a kill may cost of them.
  private static let checkpointMs = 5000.0

  private let stage: SQLiteSink
  private let hasFailed: @Sendable () -> Bool
  private var writer: RowWriter?
  private var summaries = TrackSummaries()
  private var pictures = TrackPictures()
  private var optionsLog = OptionsLog()
  private var selector: ResultSelector
  /// Those that said something since the last checkpoint, and all that were seen lately.
  private var streams: [String: StreamRow] = [:]
  private var changedStreams: Set<String> = []
  private var nextCheckpoint: MonotonicTime?
  private var line = JSONLineBuffer()
  private var rows: [ResultRow] = []
  private var ids: ResultIDs

  init(stage: SQLiteSink, writer: RowWriter?, hasFailed: @escaping @Sendable () -> Bool) {
    self.stage = stage
    self.writer = writer
    self.hasFailed = hasFailed
    selector = ResultSelector(stage.configuration.selection)
    ids = ResultIDs(run: stage.context.run)
  }

  private func opened() throws -> RowWriter {
    if let writer { return writer }
    let opened = try stage.makeWriter()
    writer = opened
    return opened
  }

  func process(_ frame: Frame) throws -> FrameOutcome {
    let writer = try opened()
    rows.removeAll(keepingCapacity: true)
    note(frame.header)
    addEvents(of: frame)
    try addTracks(of: frame)
    checkpointIfDue()
    if rows.isEmpty { return .emit(frame) }
    switch writer.put(rows) {
    case .taken(let fate): return .deferred(fate)
    case .refused: return .drop(SQLiteSink.unwritten)
    }
  }

  func note(_ change: HealthChange) throws {
    rows.removeAll(keepingCapacity: true)
    if change.health.state == .ended { end(stream: change.health.stream) }
    if selector.takesHealth { rows.append(.health(change)) }
    let writer = try opened()
    if !rows.isEmpty { _ = writer.put(rows) }
  }

  /// A run that found nothing to read leaves no empty database.
  func finish() throws {
    if writer == nil, hasFailed() { return }
    let writer = try opened()
    rows = changedStreams.sorted().compactMap { streams[$0].map(ResultRow.stream) }
    for summary in summaries.endAll() { addEnded(summary) }
    writer.finish(rows)
    stage.counts.withLock { $0.rows = writer.counts }
  }

  private func note(_ header: FrameHeader) {
    let id = header.stream.id
    if var row = streams.removeValue(forKey: id) {
      row.last = header.capturedWall
      row.frames += 1
      streams[id] = row
    } else {
      let row = StreamRow(
        name: id, source: header.source, isLive: header.stream.isLive, first: header.capturedWall,
        last: header.capturedWall, frames: 1)
      streams[id] = row
      rows.append(.stream(row))
    }
    changedStreams.insert(id)
  }

  private func end(stream id: String) {
    for summary in summaries.end(stream: id) { addEnded(summary) }
    if changedStreams.remove(id) != nil, let row = streams[id] { rows.append(.stream(row)) }
    streams[id] = nil
  }

  private func addEvents(of frame: Frame) {
    let header = frame.header
    ids.begin(header)
    let changes = selector.takesOptions ? optionsLog.changes(before: frame) : []
    for (ordinal, change) in changes.enumerated() {
      line.removeAll()
      line.optionsLine(change, from: header)
      let id = ids.options(change, ordinal, of: header)
      rows.append(.event(EventRow(id: id, change, header, json: lineText)))
    }
    let events = selector.select(frame).events
    for event in events {
      line.removeAll()
      line.eventLine(event, of: header)
      rows.append(.event(EventRow(id: ids.event(event, of: frame), event, header, json: lineText)))
    }
    if !rows.isEmpty { stage.counts.withLock { $0.events += changes.count + events.count } }
  }

  /// Without the newline.
  private var lineText: String { String(decoding: line.bytes.dropLast(), as: UTF8.self) }

  private func addTracks(of frame: Frame) throws {
    guard selector.takesTracks else { return }
    let filter = selector.detections
    for summary in summaries.add(frame, where: { filter.includes(label: $1.label) }) { addEnded(summary) }
    guard stage.configuration.pictures, let (key, detection) = pictures.due(frame, where: { filter.includes($1) }),
      let picture = try pictures.render(key, detection, frame), let summary = summaries.open(key)
    else { return }
    rows.append(.track(TrackRow(summary: summary, isOpen: true, picture: picture)))
    stage.counts.withLock { $0.pictures += 1 }
  }

  private func addEnded(_ summary: TrackSummary) {
    pictures.forget(summary.key)
    guard isWanted(summary) else { return }
    rows.append(.track(TrackRow(summary: summary, isOpen: false)))
    stage.counts.withLock { $0.tracks += 1 }
  }

  /// Its best score only rises: what was wanted once stays so.
  private func isWanted(_ summary: TrackSummary) -> Bool {
    selector.detections.includes(label: summary.label, score: summary.best.score)
  }

  /// What is known so far of open tracks and of streams, now and then.
  private func checkpointIfDue() {
    let now = stage.context.clock.now()
    defer { if nextCheckpoint == nil { nextCheckpoint = now.advanced(byMilliseconds: Self.checkpointMs) } }
    guard let due = nextCheckpoint, now >= due else { return }
    nextCheckpoint = now.advanced(byMilliseconds: Self.checkpointMs)
    for id in changedStreams.sorted() { if let row = streams[id] { rows.append(.stream(row)) } }
    // Streams that say nothing more are forgotten; one that does is known to the database.
    let silent = streams.keys.filter { !changedStreams.contains($0) }
    if streams.count > Self.rememberedStreams { for id in silent { streams[id] = nil } }
    changedStreams.removeAll(keepingCapacity: true)
    for summary in summaries.takeChanged() where isWanted(summary) {
      rows.append(.track(TrackRow(summary: summary, isOpen: true)))
    }
    if let writer { stage.counts.withLock { $0.rows = writer.counts } }
  }

  private static let rememberedStreams = 1000
}

extension EventRow {
  fileprivate init(id: String, _ event: FrameEvent, _ header: FrameHeader, json: String) {
    self.init(
      id: id, stream: header.stream.id, stage: event.stage, kind: event.kind, frame: header.sequence,
      time: header.mediaTime, at: header.capturedWall, json: json)
    label = event.label
    track = event.track
    place = event.shape
    for field in event.fields {
      switch (field.key, field.value) {
      case ("found_by", .string(let stage)): foundBy = stage
      case ("dwell_s", .double(let seconds)) where seconds.isFinite: dwellS = seconds
      default: break
      }
    }
  }

  fileprivate init(id: String, _ change: OptionChange, _ header: FrameHeader, json: String) {
    self.init(
      id: id, stream: header.stream.id, stage: change.stage, kind: "options", frame: header.sequence,
      time: header.mediaTime, at: header.capturedWall, json: json)
  }
}
