import EdgepipeCore
import Pipeline
import Synchronization

/// Writes detections with their tracks, or events, as comma-separated values (RFC 4180) with a header row.
///
/// Input: frames with results; pixels are not needed. Output: one row a detection (`what: ["frames"]`, the default), or
/// one row an event (`what: ["events"]`), of all streams in one file.
/// Drops: nothing; a detection with a number that is not finite is left out and counted.
/// Trade-off: a table has one kind of row, and no landmarks; sink.jsonl has everything. A frame's rows are one write call,
/// so that a kill leaves whole rows.
///
/// ```json
/// { "id": "table", "type": "sink.csv", "after": ["tracks"], "config": { "path": "out/detections.csv" } }
/// ```
final class CSVSink: FrameStage {
  struct Configuration: StageConfiguration {
    var path = ""
    var selection = ResultSelection(what: [.frames])

    static let options: [ConfigurationOption<Self>] =
      [
        .init(
          "path", \.path, .string, required: true,
          "The file to write; folders are created, `-` is standard output.")
      ] + ResultSelection.declared([.frames, .events], most: 1).map { $0.of(\.selection) }
  }

  static let type = "sink.csv"
  static let summary = "Writes detections and tracks, or events, as CSV."
  static let role = StageRole.sink

  private struct Counts {
    var rows = 0
    var detectionsLeftOut = 0
  }

  private let configuration: Configuration
  private let context: StageContext
  private let counts = Mutex(Counts())

  init(_ configuration: Configuration, context: StageContext) throws {
    if configuration.path != "-" { try OutputPath.checkFile(configuration.path) }
    self.configuration = configuration
    self.context = context
  }

  var interface: StageInterface {
    var interface = StageInterface()
    interface.wishes = configuration.selection.wishes
    return interface
  }

  func files(for streams: [String]) -> [FileUse] {
    configuration.path == "-" ? [] : [.writes(configuration.path, as: "the rows of '\(context.id)'")]
  }

  func makeWorker(_ worker: WorkerContext) throws -> any FrameWorker {
    let held = configuration.path == "-" ? nil : try OutputFile.existing(path: configuration.path)
    return Worker(stage: self, held: held, hasFailed: worker.hasFailed)
  }

  var facts: [String: ReportValue] {
    counts.withLock {
      [
        "path": .string(configuration.path), "rows": .int($0.rows), "detections_left_out": .int($0.detectionsLeftOut),
      ]
    }
  }

  private final class Worker: FrameWorker {
    let stage: CSVSink
    let hasFailed: @Sendable () -> Bool
    /// What was there before; it is replaced when there is something to write.
    var held: OutputFile?
    var file: LineFile?
    var selector: ResultSelector
    var optionsLog = OptionsLog()
    var rows = CSVRows()

    init(stage: CSVSink, held: OutputFile?, hasFailed: @escaping @Sendable () -> Bool) {
      self.stage = stage
      self.held = held
      self.hasFailed = hasFailed
      selector = ResultSelector(stage.configuration.selection)
    }

    /// A run that found nothing to read leaves what is there.
    func finish() throws { if !hasFailed() { _ = try opened() } }

    func process(_ frame: Frame) throws -> FrameOutcome {
      let file = try opened()
      rows.removeAll()
      var count = 0, leftOut = 0
      if selector.takesEvents {
        for change in optionsLog.changes(before: frame) where selector.takesOptions {
          rows.add(change, from: frame.header)
          count += 1
        }
      }
      let selected = selector.select(frame)
      if selected.isFrameTaken {
        for result in frame.results {
          for detection in result.detections where selector.detections.includes(detection) {
            guard detection.score.isFinite, detection.box.isFinite else {
              leftOut += 1
              continue
            }
            rows.add(detection, of: result.stage, in: frame.header)
            count += 1
          }
        }
      }
      for event in selected.events {
        rows.add(event, of: frame.header)
        count += 1
      }
      if count > 0 { try file.write(rows.bytes) }
      stage.counts.withLock {
        $0.rows += count
        $0.detectionsLeftOut += leftOut
      }
      return .emit(frame)
    }

    private func opened() throws(PipelineError) -> LineFile {
      if let file { return file }
      let path = stage.configuration.path
      if path != "-" { try OutputPath.makeParent(of: path) }
      let opened = try LineFile(path: path, mode: .replace, held: held)
      held = nil
      rows.removeAll()
      for name in selector.takesEvents ? CSVRows.eventColumns : CSVRows.detectionColumns { rows.text(name) }
      rows.end()
      try opened.write(rows.bytes)
      file = opened
      return opened
    }
  }
}
