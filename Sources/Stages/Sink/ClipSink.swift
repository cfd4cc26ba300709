public import EdgepipeCore
public import Pipeline
import Synchronization

/// Writes a short film around each event, from the packets of the cameras themselves, without encoding again: some seconds
/// before and after it, in MP4.
///
/// Input: frames with events (`analytics.zones`, `analytics.lines`). Output: `FOLDER/STREAM/20260101T000000.400Z.mp4`, named
/// after the UTC time of its first picture, beside it a JSON file that lists its events and a JPEG picture of the first one
/// as it was seen. A clip begins at the last key frame before what was asked. Events that overlap share a clip, up to `maxS`.
/// Drops: of a camera the packets that a slow or full disk does not take, counted.
/// Trade-off: the packets of the last seconds stay in memory, at most `ringMB` a stream; where that is less than `beforeS`,
/// the JSON file says what is missing (`cut_before_s`).
///
/// ```json
/// { "id": "clips", "type": "sink.clip", "after": ["zones"], "config": { "folder": "out/clips", "kinds": ["zone.enter"],
/// "beforeS": 5, "afterS": 5 } }
/// ```
public final class ClipSink: FrameStage, PacketRecorder {
  public struct Configuration: StageConfiguration {
    public var folder = ""
    public var kinds: [String] = []
    public var beforeS = 5.0
    public var afterS = 5.0
    public var maxS = 60.0
    public var maxMB = 1024.0
    public var maxAgeH: Double?
    public var minFreeMB = 200.0
    public var audio = true
    public var ringMB = 32.0
    public var quality = 4
    var selection = ResultSelection(what: [.events])

    public static let options: [ConfigurationOption<Self>] =
      [
        .init("folder", \.folder, .string, required: true, "The output folder; each stream has a folder in it."),
        .init(
          "kinds", \.kinds, .list(.string, count: 1...64),
          "Events that get a clip, such as zone.enter; those of all rules when absent."),
        .init("beforeS", \.beforeS, .number(0...600), "Seconds before the event."),
        .init("afterS", \.afterS, .number(0...600), "Seconds after the event."),
        .init("maxS", \.maxS, .number(1...3600), "Seconds of a clip at most; what goes on then begins another one."),
        .init(
          "maxMB", \.maxMB, .number(1...100_000_000), "Megabytes kept of all streams; the oldest clips are removed."),
        .init("maxAgeH", \.maxAgeH, .number(0.01...1_000_000), "Hours that clips are kept; any time when absent."),
        .init(
          "minFreeMB", \.minFreeMB, .number(0...100_000_000),
          "Megabytes of the disk, at most a twentieth of it, that stay free: below, the oldest recordings are removed; below twice as many, a fault is told."
        ),
        .init("audio", \.audio, .bool, "Whether to record the sound as well: AAC as it is, G.711 as AAC."),
        .init("ringMB", \.ringMB, .number(0.1...4096), "Megabytes of packets of each stream kept in memory at most."),
        .init("quality", \.quality, .integer(2...31), "JPEG quality of the pictures: lower is better and larger."),
      ] + ResultSelection.declared([.events], names: ["classes", "zones"]).map { $0.of(\.selection) }

    public init() {}

    public init(folder: String) { self.folder = folder }
  }

  public static let type = "sink.clip"
  public static let summary = "Writes an MP4 clip around each event from the camera's own packets."
  public static let role = StageRole.sink
  public static let needsImage = true

  private let configuration: Configuration
  private let context: StageContext
  private let counts = RecordingCounts()
  private let mailbox = RecordingMailbox()
  private let books = Mutex<[String: ClipBook]>([:])

  public init(_ configuration: Configuration, context: StageContext) throws {
    try OutputPath.checkFolder(configuration.folder)
    let (before, after, longest) = (configuration.beforeS, configuration.afterS, configuration.maxS)
    if before + after > longest {
      throw PipelineError(
        "beforeS and afterS are \(before + after) s together, and maxS allows a clip only \(longest) s",
        remedy: "increase maxS", code: .invalidConfiguration)
    }
    self.configuration = configuration
    self.context = context
  }

  public var interface: StageInterface {
    var interface = StageInterface()
    interface.wishes = configuration.selection.wishes
    interface.copiesPackets = true
    return interface
  }

  public func files(for streams: [String]) -> [FileUse] {
    streams.map {
      .writes(
        folder: RecordingFolder.folder(configuration.folder, of: $0), endings: RecordingName.endings,
        as: "the clips of stream '\($0)' by '\(context.id)'")
    }
  }

  public var facts: [String: ReportValue] { counts.facts(.clip, folder: configuration.folder) }

  var packetBytes: Int { Int(configuration.ringMB * 1_048_576) }
  var wantsAudio: Bool { configuration.audio }

  func record(_ packets: StreamPackets) {
    let mailbox = mailbox
    let book = ClipBook(packets, configuration.lengths) { mailbox.wake() }
    books.withLock { $0[packets.stream.id] = book }
    mailbox.add(packets)
  }

  public func makeWorker(_ worker: WorkerContext) throws -> any FrameWorker {
    let watcher = Watcher(self), configuration = configuration, context = context, counts = counts
    let settings = RecordingSettings(
      folder: configuration.folder, maxMB: configuration.maxMB, maxAgeH: configuration.maxAgeH,
      minFreeMB: configuration.minFreeMB, audio: configuration.audio)
    return try RecordingThread(
      context, mailbox, store: { RecordingStore(.clip, settings, counts: counts, context: context) },
      writer: { [self] packets, store in
        books.withLock { $0[packets.stream.id] }.map { ClipWriter($0, store, beforeS: configuration.beforeS) }
      }, take: { try watcher.take($0) })
  }

  /// Sees the events. Used by the stage's thread.
  private final class Watcher {
    private let stage: ClipSink
    private let kinds: Set<String>
    private var selector: ResultSelector
    private let renderer: StillRenderer
    private var told: Set<String> = []

    init(_ stage: ClipSink) {
      self.stage = stage
      let configuration = stage.configuration
      kinds = Set(configuration.kinds)
      selector = ResultSelector(configuration.selection)
      renderer = StillRenderer(
        format: .jpeg, quality: configuration.quality, annotation: AnnotationSettings())
    }

    func take(_ frame: Frame) throws {
      guard let book = book(of: frame.header.stream.id) else { return }
      let events = selector.select(frame).events.filter { kinds.isEmpty || kinds.contains($0.kind) }
      if !events.isEmpty { stage.counts.update { $0.events += events.count } }
      guard let clip = book.take(frame.header, events.map { $0.entry(frame.header) }) else { return }
      // A picture that cannot be made costs the clip its picture only.
      guard let picture = try? renderer.render(frame).bytes else { return }
      book.setThumbnail(picture, of: clip)
    }

    private func book(of stream: String) -> ClipBook? {
      // Asked each time: a stream that leaves and comes back under its name has another one.
      let book = stage.books.withLock { $0[stream] }
      if book == nil, told.insert(stream).inserted { stage.context.noPackets(of: stream) }
      return book
    }
  }
}

extension ClipSink.Configuration {
  fileprivate var lengths: ClipPlan.Lengths {
    ClipPlan.Lengths(
      before: MediaTime(seconds: beforeS), after: MediaTime(seconds: afterS), longest: MediaTime(seconds: maxS))
  }
}

extension FrameEvent {
  /// As the JSON file of a clip lists it.
  fileprivate func entry(_ header: FrameHeader) -> ReportValue {
    var entry = Dictionary(fields.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    entry["kind"] = .string(kind)
    entry["stage"] = .string(stage)
    entry["label"] = label.map { ReportValue.string($0) }
    entry["track"] = track.map { ReportValue.int($0) }
    entry["frame"] = .int(header.sequence)
    entry["pts_s"] = .rounded(header.mediaTime.seconds)
    entry["captured_at"] = .string(header.capturedWall.iso8601)
    return .object(entry)
  }
}
