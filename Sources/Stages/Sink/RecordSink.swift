public import EdgepipeCore
public import Pipeline
import Synchronization

/// Records streams continuously from the packets of the cameras themselves, without encoding again, in MP4 files of some
/// minutes.
///
/// Input: the streams that lead to it; its own frames are not looked at. Output: `FOLDER/STREAM/20260101T000000.400Z.mp4`,
/// named after the UTC time of its first picture, and a JSON file beside it. Drops: nothing of a file that is read; of a
/// camera the packets that a slow or full disk does not take, counted (`lost_packets`, `unwritten_packets`).
/// Trade-off: no processor time to speak of, and as much disk as the cameras send; the oldest files go when the folder
/// holds `maxMB`, or when they are `maxAgeH` old.
///
/// ```json
/// { "id": "record", "type": "sink.record", "after": ["camera"], "config": { "folder": "out/recordings", "maxMB": 20000 } }
/// ```
public final class RecordSink: FrameStage, PacketRecorder {
  public struct Configuration: StageConfiguration {
    public var folder = ""
    public var segmentS = 300.0
    public var maxMB = 10_240.0
    public var maxAgeH: Double?
    public var minFreeMB = 200.0
    public var audio = true
    public var ringMB = 32.0

    public static let options: [ConfigurationOption<Self>] = [
      .init("folder", \.folder, .string, required: true, "The output folder; each stream has a folder in it."),
      .init(
        "segmentS", \.segmentS, .number(1...86_400),
        "Seconds after which the next file begins, at the first key frame from then on."),
      .init("maxMB", \.maxMB, .number(1...100_000_000), "Megabytes kept of all streams; the oldest files are removed."),
      .init("maxAgeH", \.maxAgeH, .number(0.01...1_000_000), "Hours that files are kept; any time when absent."),
      .init(
        "minFreeMB", \.minFreeMB, .number(0...100_000_000),
        "Megabytes of the disk, at most a twentieth of it, that stay free: below, the oldest recordings are removed; below twice as many, a fault is told."
      ),
      .init("audio", \.audio, .bool, "Whether to record the sound as well: AAC as it is, G.711 as AAC."),
      .init(
        "ringMB", \.ringMB, .number(0.1...4096),
        "Megabytes of packets of each stream that wait in memory for the disk at most."),
    ]

    public init() {}

    public init(folder: String) { self.folder = folder }
  }

  public static let type = "sink.record"
  public static let summary = "Records streams as MP4 files from the cameras' own packets, without encoding again."
  public static let role = StageRole.sink

  private let configuration: Configuration
  private let context: StageContext
  private let counts = RecordingCounts()
  private let mailbox = RecordingMailbox()
  private let known = Mutex<[String: StreamPackets.ReaderID]>([:])

  public init(_ configuration: Configuration, context: StageContext) throws {
    try OutputPath.checkFolder(configuration.folder)
    self.configuration = configuration
    self.context = context
  }

  public var interface: StageInterface {
    var interface = StageInterface()
    interface.copiesPackets = true
    return interface
  }

  public func files(for streams: [String]) -> [FileUse] {
    streams.map {
      .writes(
        folder: RecordingFolder.folder(configuration.folder, of: $0), endings: RecordingName.endings,
        as: "the recordings of stream '\($0)' by '\(context.id)'")
    }
  }

  public var facts: [String: ReportValue] { counts.facts(.segment, folder: configuration.folder) }

  var packetBytes: Int { Int(configuration.ringMB * 1_048_576) }
  var wantsAudio: Bool { configuration.audio }

  func record(_ packets: StreamPackets) {
    let mailbox = mailbox
    let reader = packets.addReader(reads: true) { mailbox.wake() }
    known.withLock { $0[packets.stream.id] = reader }
    mailbox.add(packets)
  }

  public func makeWorker(_ worker: WorkerContext) throws -> any FrameWorker {
    var told: Set<String> = []
    let configuration = configuration, context = context, counts = counts
    let settings = RecordingSettings(
      folder: configuration.folder, maxMB: configuration.maxMB, maxAgeH: configuration.maxAgeH,
      minFreeMB: configuration.minFreeMB, audio: configuration.audio)
    return try RecordingThread(
      context, mailbox, store: { RecordingStore(.segment, settings, counts: counts, context: context) },
      writer: { [self] packets, store in
        let reader = known.withLock { $0[packets.stream.id] } ?? 0
        return SegmentWriter(packets, reader: reader, store, segmentS: configuration.segmentS)
      },
      take: { [self] frame in
        let id = frame.header.stream.id
        guard told.insert(id).inserted, known.withLock({ $0[id] }) == nil else { return }
        context.noPackets(of: id)
      })
  }
}

extension StageContext {
  /// Says once for each stream that it is not recorded.
  func noPackets(of stream: String) {
    logger.warning(
      "the frames of '\(stream)' come without packets, so that nothing is recorded: only source.ffmpeg has them, and a replay has none"
    )
  }
}
