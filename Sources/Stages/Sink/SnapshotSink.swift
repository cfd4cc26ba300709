public import EdgepipeCore
import Foundation
public import Pipeline
import Synchronization

/// Writes single annotated pictures: every few seconds, or when a track or a label is seen for the first time.
///
/// Input: frames with pixels. Output: `STREAM-000123.jpg` (or `.png`) in a folder, and one `event` line for each in
/// `index.jsonl` beside them. Without `everyS`, `onNewTrack` and `onNewLabel`, a picture every ten seconds.
/// Drops: nothing; of more than `maxFiles` pictures the oldest are removed and counted.
/// Trade-off: each picture costs one encoding, a few milliseconds at 1080p; frames without one cost nothing.
///
/// ```json
/// { "id": "pictures", "type": "sink.snapshot", "after": ["tracks"], "config": { "folder": "out/pictures",
/// "onNewTrack": true } } ```
public final class SnapshotSink: FrameStage, AdjustableStage {
  public struct Configuration: StageConfiguration {
    public var folder = ""
    public var everyS: Double?
    public var onNewTrack = false
    public var onNewLabel = false
    public var onEvents: [String] = []
    public var maxFiles = 1000
    public var format = "jpeg"
    public var quality = 4
    public var annotation = AnnotationSettings()

    public static let options: [ConfigurationOption<Self>] =
      [
        .init("folder", \.folder, .string, required: true, "The output folder; created if missing."),
        .init(
          "everyS", \.everyS, .number(0.01...86_400), changeable: true,
          "Seconds of media time from one picture of a stream to the next."),
        .init("onNewTrack", \.onNewTrack, .bool, changeable: true, "Writes a picture when a track gets its number."),
        .init(
          "onNewLabel", \.onNewLabel, .bool, changeable: true,
          "Writes a picture when a label first appears in a stream."
        ),
        .init(
          "onEvents", \.onEvents, .list(.string, count: 1...64), changeable: true,
          "Writes a picture of each frame with an event of these kinds, such as fault."),
        .init("maxFiles", \.maxFiles, .integer(1...1_000_000), "Pictures kept; the oldest are removed."),
        .init("format", \.format, .word(["jpeg", "png"]), "The file format."),
        .init("quality", \.quality, .integer(2...31), changeable: true, "JPEG quality: lower is better and larger."),
      ] + AnnotationSettings.options.map { $0.of(\.annotation) }

    public init() {}

    public init(folder: String) { self.folder = folder }
  }

  public static let type = "sink.snapshot"
  public static let summary = "Writes annotated pictures every few seconds, or when a track or label first appears."
  public static let role = StageRole.sink
  public static let needsImage = true

  /// When nothing else is asked for.
  static let defaultSeconds = 10.0

  private struct Counts {
    var written = 0
    var removed = 0
  }

  private let configuration: Configuration
  private let context: StageContext
  private let counts = Mutex(Counts())

  public init(_ configuration: Configuration, context: StageContext) throws {
    try OutputPath.checkFolder(configuration.folder)
    self.configuration = configuration
    self.context = context
  }

  public func adjustment(for configuration: Configuration) -> Configuration { configuration }

  public var interface: StageInterface {
    var interface = StageInterface()
    interface.needsDetections = configuration.onNewLabel
    interface.needsTracks = configuration.onNewTrack
    return interface
  }

  public func files(for streams: [String]) -> [FileUse] {
    let format = StillEncoder.Format(rawValue: configuration.format) ?? .jpeg
    return [
      .writes(
        folder: configuration.folder, endings: [format.fileExtension],
        as: "the folder of the pictures of '\(context.id)'"),
      .writes(SnapshotFolder.index(of: configuration.folder), as: "the index of the pictures of '\(context.id)'"),
    ]
  }

  public func makeWorker(_ worker: WorkerContext) throws -> any FrameWorker {
    let held = try OutputFile.existing(path: SnapshotFolder.index(of: configuration.folder))
    return Worker(stage: self, held: held, hasFailed: worker.hasFailed)
  }

  public var tips: [StageTip] {
    [StageTip(nil, "fewer pictures: a higher \(context.id).everyS, or only onNewTrack")]
  }

  public var facts: [String: ReportValue] {
    counts.withLock {
      ["folder": .string(configuration.folder), "pictures": .int($0.written), "removed": .int($0.removed)]
    }
  }

  /// Why a picture is taken.
  private struct Occasion {
    var reason: String
    var label: String?
    var track: Int?
    var event: String?
  }

  /// What a stream has shown so far.
  private struct Seen {
    var nextTime: MediaTime?
    /// The interval that `nextTime` is of.
    var interval: Double?
    var lastTime: MediaTime
    /// Track ids rise, so that the highest one tells the new ones; by the stage that found the things.
    var highestTrack: [String: Int] = [:]
    var labels: Set<String> = []
  }

  private final class Worker: FrameWorker {
    let stage: SnapshotSink
    let hasFailed: @Sendable () -> Bool
    /// The index that was there before.
    var held: OutputFile?
    var folder: SnapshotFolder?
    let renderer: StillRenderer
    var adjusted: AdjustedOptions<Configuration>
    var streams: [String: Seen] = [:]
    var line = JSONLineBuffer()

    init(stage: SnapshotSink, held: OutputFile?, hasFailed: @escaping @Sendable () -> Bool) {
      self.stage = stage
      self.held = held
      self.hasFailed = hasFailed
      renderer = StillRenderer(
        format: StillEncoder.Format(rawValue: stage.configuration.format) ?? .jpeg,
        quality: stage.configuration.quality, annotation: stage.configuration.annotation)
      adjusted = AdjustedOptions(of: stage.context.id, initial: stage.configuration)
    }

    private var interval: Double? {
      let configuration = adjusted.value
      let isAsked = configuration.onNewTrack || configuration.onNewLabel || !configuration.onEvents.isEmpty
      return configuration.everyS ?? (isAsked ? nil : SnapshotSink.defaultSeconds)
    }

    private func opened() throws(PipelineError) -> SnapshotFolder {
      if let folder { return folder }
      let opened = try SnapshotFolder(
        path: stage.configuration.folder, limit: stage.configuration.maxFiles, held: held)
      folder = opened
      held = nil
      return opened
    }

    /// A run that found nothing to read leaves no empty index.
    func finish() throws { if !hasFailed() { _ = try opened() } }

    func process(_ frame: Frame) throws -> FrameOutcome {
      if adjusted.follow(frame) {
        (renderer.annotation, renderer.quality) = (adjusted.value.annotation, adjusted.value.quality)
      }
      if let occasion = occasion(frame) { try take(frame, occasion) }
      return .emit(frame)
    }

    private func take(_ frame: Frame, _ occasion: Occasion) throws(PipelineError) {
      let picture = try renderer.render(frame).bytes
      let folder = try opened()
      let name = folder.nextName(stream: frame.header.stream.id, fileExtension: renderer.format.fileExtension)
      line.removeAll()
      line.snapshotLine(
        frame.header, file: name, reason: occasion.reason, label: occasion.label, track: occasion.track,
        event: occasion.event)
      try folder.add(picture, name: name, line: line.bytes)
      var facts: [String: ReportValue] = ["reason": .string(occasion.reason)]
      facts["label"] = occasion.label.map { .string($0) }
      facts["track"] = occasion.track.map { .int($0) }
      facts["event"] = occasion.event.map { .string($0) }
      stage.context.tell(
        .picture, of: frame.header.stream.id, path: "\(folder.path)/\(name)", begin: frame.header.capturedWall,
        facts: facts)
      stage.counts.withLock {
        $0.written += 1
        $0.removed = folder.removed
      }
    }

    /// The first reason to take a picture of this frame; all of them are noted as served.
    private func occasion(_ frame: Frame) -> Occasion? {
      let header = frame.header
      var seen = streams.removeValue(forKey: header.stream.id) ?? Seen(lastTime: header.mediaTime)
      defer { streams[header.stream.id] = seen }
      var occasion: Occasion?
      if !frame.events.isEmpty, let event = frame.events.first(where: { adjusted.value.onEvents.contains($0.kind) }) {
        occasion = Occasion(reason: "event", label: event.label, track: event.track, event: event.kind)
      }
      for result in frame.results where adjusted.value.onNewTrack {
        let highest = seen.highestTrack[result.stage] ?? 0
        for detection in result.detections {
          guard let track = detection.track, track > highest else { continue }
          seen.highestTrack[result.stage] = max(track, seen.highestTrack[result.stage] ?? 0)
          occasion = occasion ?? Occasion(reason: "track", label: detection.label, track: track)
        }
      }
      for result in frame.results where adjusted.value.onNewLabel {
        for detection in result.detections where !seen.labels.contains(detection.label) {
          seen.labels.insert(detection.label)
          occasion = occasion ?? Occasion(reason: "label", label: detection.label, track: detection.track)
        }
      }
      if let interval {
        if interval != seen.interval { (seen.interval, seen.nextTime) = (interval, nil) }
        // A stream whose time steps back starts anew.
        let isDue = seen.nextTime.map { header.mediaTime >= $0 || header.mediaTime < seen.lastTime } ?? true
        if isDue {
          seen.nextTime = MediaTime(
            nanoseconds: header.mediaTime.nanoseconds &+ MediaTime(seconds: interval).nanoseconds)
          occasion = occasion ?? Occasion(reason: "interval")
        }
      }
      seen.lastTime = header.mediaTime
      return occasion
    }
  }
}
