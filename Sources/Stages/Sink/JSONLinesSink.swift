public import EdgepipeCore
import Foundation
public import Pipeline
import Synchronization

/// Writes one JSON object a line for every frame, for every event that a rule saw in it, and for every change in the
/// state of a live stream.
///
/// Input: frames with results; pixels are not needed. Output: the `frame`, `event` and `health` lines of the results
/// schema (version 1); a frame's events follow it, but for changes of options, which come before the first frame that
/// they concern. With `frames: "events"` frames have no lines.
/// Drops: nothing; a detection with a number that is not finite is left out and counted.
/// Trade-off: a frame's lines are one write call, so that a reader sees them at once and a kill tears at most the last;
/// a disk that cannot take a line ends the run with exit 74 and leaves only whole lines.
///
/// ```json
/// { "id": "events", "type": "sink.jsonl", "after": ["tracks"], "config": { "path": "out/events.jsonl", "append": true } }
/// ```
public final class JSONLinesSink: HealthObserver {
  public struct Configuration: StageConfiguration {
    public var path = ""
    public var append = false
    public var frames = "all"

    static let frameWords = ["all", "events"]

    public static let options: [ConfigurationOption<Self>] = [
      .init("path", \.path, .string, required: true, "The file to write; folders are created, `-` is standard output."),
      .init(
        "append", \.append, .bool,
        "Appends to an existing file, after removing an unfinished last line, instead of replacing it."),
      .init("frames", \.frames, .word(frameWords), "`events` leaves out the lines of frames."),
    ]

    public init() {}

    public init(path: String) { self.path = path }
  }

  public static let type = "sink.jsonl"
  public static let summary = "Writes results as JSON Lines."
  public static let role = StageRole.sink

  private struct Counts {
    var lines = 0
    var events = 0
    var detectionsLeftOut = 0
    var repairedBytes = 0
  }

  private let configuration: Configuration
  private let context: StageContext
  private let counts = Mutex(Counts())

  public init(_ configuration: Configuration, context: StageContext) throws {
    if configuration.path != "-" { try OutputPath.checkFile(configuration.path) }
    self.configuration = configuration
    self.context = context
  }

  public func files(for streams: [String]) -> [FileUse] {
    configuration.path == "-" ? [] : [.writes(configuration.path, as: "the results of '\(context.id)'")]
  }

  public func makeWorker(_ worker: WorkerContext) throws -> any FrameWorker {
    let held = configuration.path == "-" ? nil : try OutputFile.existing(path: configuration.path)
    return Worker(held: held, stage: self, hasFailed: worker.hasFailed)
  }

  private func open(_ held: OutputFile?) throws(PipelineError) -> LineFile {
    if configuration.path != "-" { try OutputPath.makeParent(of: configuration.path) }
    let file = try LineFile(path: configuration.path, mode: configuration.append ? .append : .replace, held: held)
    if file.repairedBytes > 0 {
      context.logger.warning(
        "removed an unfinished last line", metadata: ["path": "\(file.path)", "bytes": "\(file.repairedBytes)"])
      counts.withLock { $0.repairedBytes = file.repairedBytes }
    }
    return file
  }

  public var tips: [StageTip] {
    [
      StageTip("frames=events", "if only events are read"),
      StageTip(nil, "a faster disk for \(context.id).path"),
    ]
  }

  public var facts: [String: ReportValue] {
    counts.withLock {
      [
        "path": .string(configuration.path), "lines": .int($0.lines), "events": .int($0.events),
        "detections_left_out": .int($0.detectionsLeftOut), "repaired_bytes": .int($0.repairedBytes),
      ]
    }
  }

  private final class Worker: HealthObservingWorker {
    let stage: JSONLinesSink
    let hasFailed: @Sendable () -> Bool
    /// What was there before; it is replaced when there is something to write.
    var held: OutputFile?
    var file: LineFile?
    /// Streams that told of all changes of options so far.
    var optionsLog = OptionsLog()
    var line = JSONLineBuffer()

    init(held: OutputFile?, stage: JSONLinesSink, hasFailed: @escaping @Sendable () -> Bool) {
      self.held = held
      self.stage = stage
      self.hasFailed = hasFailed
    }

    private func opened() throws(PipelineError) -> LineFile {
      if let file { return file }
      let opened = try stage.open(held)
      file = opened
      held = nil
      return opened
    }

    func note(_ change: HealthChange) throws {
      line.removeAll()
      line.healthLine(change)
      try opened().write(line.bytes)
    }

    /// A run that found nothing to read has no results, not even empty ones.
    func finish() throws { if !hasFailed() { _ = try opened() } }

    func process(_ frame: Frame) throws -> FrameOutcome {
      line.removeAll()
      var leftOut = 0
      let changes = optionsLog.changes(before: frame)
      let events = frame.events.count + changes.count
      var lines = events
      for change in changes { line.optionsLine(change, from: frame.header) }
      if stage.configuration.frames != "events" {
        guard let now = stage.context.instant(for: frame.header) else { return .drop(.unrecorded) }
        let latency = now.nanoseconds(since: frame.header.captured)
        leftOut = line.frameLine(frame, latencyNanoseconds: latency)
        lines += 1
      }
      for event in frame.events { line.eventLine(event, of: frame.header) }
      let file = try opened()
      if lines == 0 { return .emit(frame) }
      try file.write(line.bytes)
      stage.counts.withLock {
        $0.lines += lines
        $0.events += events
        $0.detectionsLeftOut += leftOut
      }
      return .emit(frame)
    }
  }
}
