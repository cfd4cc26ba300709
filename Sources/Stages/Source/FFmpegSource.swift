public import EdgepipeCore
public import Pipeline
import Synchronization

/// Reads pictures from whatever FFmpeg reads: video files, folders of pictures, RTSP and HTTP streams, V4L2 cameras.
///
/// Input: none. Output: the frames of its streams, upright, numbered from 0 in each stream, with pixels as the decoder
/// made them. `url` names one stream; `streams` and the file `list` name many, and more may join a run that has a
/// control socket. Each stream has a thread of its own, and the failure of one leaves the others alone.
///
/// A live stream outlives its connection: it is reconnected indefinitely, as one sequence of frames on one rising time
/// line, and its state is told as health.
///
/// Drops: damaged frames are counted (`damaged_frames`, `damaged_packets`) and never shown as good; after a loss a live
/// stream shows nothing before the next key frame. Live streams never wait for the pipeline; what it cannot take is
/// dropped and counted by it. Files wait.
///
/// Trade-off: one decoding thread attributes all its time to this stage and costs the least; more decode faster at a
/// higher memory and energy cost. `realtime` plays a file like a camera.
///
/// ```json
/// { "id": "camera", "type": "source.ffmpeg", "config": { "url": "samples/street-1080p.mp4", "threads": 1 } }
/// ```
public final class FFmpegSource: SourceStage {
  public struct Configuration: StageConfiguration {
    /// A file, a folder of pictures, a pattern, a pipe, a `/dev/videoN` device or a stream's address.
    public var url: String?
    /// The name of `url` in every output; nil for the stage's id.
    public var stream: String?
    /// Several streams, each with a name.
    public var streams: [StreamEntry] = []
    /// A text file of streams, one `id url` a line.
    public var list: String?
    /// Whether the streams are live; nil: as their inputs show.
    public var live: Bool?
    /// Milliseconds from capture to delivery for its live streams, in place of the pipeline's budget.
    public var deadlineMs: Double?
    /// Decoding threads; 0 for one a processor.
    public var threads = 1
    /// Plays files at the speed of their own time.
    public var realtime = false
    /// How RTSP carries its packets; `auto` asks for TCP and takes UDP where the server has no TCP, `http` is RTSP's
    /// tunnel.
    public var transport = Transport.auto
    /// How long a stream may take to open, and then between two packets, in seconds.
    public var timeoutS = 10.0
    /// How long a live stream may go without a frame before it is connected anew, in seconds.
    public var stallS = 20.0
    /// The time from one picture to the next of an http address that answers with one picture, in seconds; 1 when nil.
    /// With it such an address is polled also where it ends like a picture file.
    public var intervalS: Double?
    /// The pauses between a live stream's connections.
    public var reconnect = Reconnect()
    /// The time from one attempt to the next when a user or password is refused, in seconds.
    public var refusedS = 60.0
    /// How long UDP packets wait for those that they have overtaken, in milliseconds.
    public var reorderMs = 100
    /// What the decoder leaves out.
    public var skip = Skip()
    /// Whether rtsps and https servers must prove who they are.
    public var tlsVerify = true
    /// The certificates that are trusted in place of the system's, in PEM format.
    public var tlsCAFile: String?
    /// Ends the stream after so many frames.
    public var maxFrames: Int?

    public enum Transport: String, Codable, Sendable, CaseIterable { case auto, tcp, udp, multicast, http }

    public static let options: [ConfigurationOption<Self>] = [
      .init(
        "url", \.url, .string, meaning: .address,
        "A video file, a folder of pictures, a pattern such as clips/*.mp4 or img%03d.png, - for standard input, a /dev/videoN device or an address such as rtsp://host/path."
      ),
      .init("stream", \.stream, .string, "The name of `url` in every output; the stage's id when absent."),
      .init(
        "streams", \.streams, .list(.object(StreamEntry.schema), count: 1...256), "Several streams, each with a name."),
      .init(
        "list", \.list, .string,
        """
        A text file of streams: one `id url` per line, a URL with spaces in quotes; `#` starts a comment, `${NAME}` is \
        expanded.
        """
      ),
      .init(
        "live", \.live, .bool,
        "Whether the streams are live: they never wait for the pipeline. Determined by the input when absent."
      ),
      .init(
        "deadlineMs", \.deadlineMs, .number(1...3_600_000),
        "Milliseconds from capture to delivery for live streams; the pipeline's budget when absent."),
      .init("threads", \.threads, .integer(0...64), "Decoding threads; 0 uses one for each processor."),
      .init("realtime", \.realtime, .bool, "Reads files at the speed of their timestamps, like a camera."),
      .init(
        "transport", \.transport, .word(Transport.allCases.map(\.rawValue)),
        "Transport of RTSP packets; auto is TCP, or UDP if the server has no TCP; http is RTSP tunnelled over HTTP."),
      .init(
        "timeoutS", \.timeoutS, .number(0.1...3600), "Seconds that a stream may take to open, and between packets."),
      .init(
        "stallS", \.stallS, .number(0.1...3600), "Seconds without a frame after which a live stream is reconnected."),
      .init(
        "intervalS", \.intervalS, .number(0.05...86_400),
        "Seconds between the requests to an http address that returns a single picture; 1 when absent."),
      .init(
        "reconnect", \.reconnect, .object(Reconnect.schema),
        "The pauses between a live stream's connections: minS, maxS and resetS."),
      .init(
        "refusedS", \.refusedS, .number(0.1...86_400), "Seconds between attempts when a user or password is refused."
      ),
      .init(
        "reorderMs", \.reorderMs, .integer(0...10_000),
        "Milliseconds that RTSP packets over UDP wait for delayed packets."),
      .init("skip", \.skip, .object(Skip.schema), "What the decoder skips: frames and loopFilter."),
      .init("tlsVerify", \.tlsVerify, .bool, "Whether to verify the certificates of rtsps and https servers."),
      .init("tlsCAFile", \.tlsCAFile, .string, "Trusted certificates in PEM format; the system's when absent."),
      .init(
        "maxFrames", \.maxFrames, .integer(1...1_000_000_000_000), meaning: .frameLimit,
        "Ends the stream after this many frames."),
    ]

    public init() {}

    public init(url: String) { self.url = url }
  }

  public static let type = "source.ffmpeg"
  public static let summary = "Reads video files, folders of pictures, network streams and V4L2 cameras through FFmpeg."

  /// The endings of the files that are read from a folder of pictures, in lower case.
  public static var pictureExtensions: Set<String> { PictureKinds.endings }

  public let streams: [StreamInfo]
  private let configuration: Configuration
  private let context: StageContext
  private let noted = SourceFacts()
  /// What each stream reads, those that joined later included.
  private let inputs: Mutex<[String: StreamEntry]>
  /// The sinks that want the packets of the streams.
  private let recorders = Mutex<[any PacketRecorder]>([])

  /// Opens nothing but the list: what is wrong with one input ends that stream, and the others go on.
  public init(_ configuration: Configuration, context: StageContext) throws {
    self.configuration = configuration
    self.context = context
    let entries = try Self.entries(configuration, stage: context.id)
    streams = entries.map { Self.stream($0, configuration, stage: context.id) }
    inputs = Mutex(Dictionary(entries.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first }))
  }

  private static func entries(_ configuration: Configuration, stage: String) throws(PipelineError) -> [StreamEntry] {
    var entries = configuration.url.map { [StreamEntry(id: configuration.stream ?? stage, url: $0)] } ?? []
    entries += configuration.streams
    if let list = configuration.list { entries += try StreamListFile.read(list) }
    guard !entries.isEmpty else {
      throw PipelineError(
        "the source has no input", remedy: "give it a 'url', 'streams' or a 'list' of streams",
        code: .invalidConfiguration)
    }
    for entry in entries { try check(entry) }
    return entries
  }

  private static func check(_ entry: StreamEntry) throws(PipelineError) {
    guard StreamEntry.isGood(id: entry.id) else {
      throw PipelineError(
        "'\(entry.id)' is not a stream id", remedy: "use 1 to 32 letters, digits, '-' or '_'",
        code: .invalidConfiguration
      )
    }
    guard !entry.url.isEmpty else {
      throw PipelineError(
        "the url of '\(entry.id)' is empty", remedy: "give a file, a folder, a device or an address",
        code: .invalidConfiguration)
    }
    try AddressCheck.check(entry.url)
  }

  private static func stream(_ entry: StreamEntry, _ configuration: Configuration, stage: String) -> StreamInfo {
    StreamInfo(
      id: entry.id, sourceStage: stage,
      isLive: entry.live ?? configuration.live
        ?? (MediaInput.looksLive(entry.url) || isPolled(entry.url, configuration)),
      deadlineMs: entry.deadlineMs ?? configuration.deadlineMs)
  }

  private static func isPolled(_ url: String, _ configuration: Configuration) -> Bool {
    configuration.intervalS != nil && MediaInput.scheme(of: url)?.hasPrefix("http") == true
  }

  public func connect(to peers: StagePeers) {
    let found = peers.downstream.compactMap { peers.stages[$0] as? any PacketRecorder }
    recorders.withLock { $0 = found }
  }

  public func makeStream(id: String, url: String) throws -> StreamInfo {
    let entry = StreamEntry(id: id, url: url)
    try Self.check(entry)
    inputs.withLock { $0[id] = entry }
    return Self.stream(entry, configuration, stage: context.id)
  }

  public var interface: StageInterface {
    var interface = StageInterface()
    interface.otherStreams = configuration.list == nil ? .joining : .listed
    return interface
  }

  public func files(for streams: [String]) -> [FileUse] {
    let lists: [FileUse] = [
      configuration.list.map { .reads($0, as: "the stream list of '\(context.id)'") },
      configuration.tlsCAFile.map { .reads($0, as: "the certificates of '\(context.id)'") },
    ].compactMap { $0 }
    let urls = inputs.withLock { inputs in streams.compactMap { id in inputs[id].map { (id, $0) } } }
    return lists + urls.flatMap { Self.files($0.1.url, stream: $0.0) }
  }

  /// One stream's facts stand for the stage's; of several, each has its own.
  public var tips: [StageTip] {
    var tips: [StageTip] = []
    if configuration.threads == 1 { tips.append(StageTip("threads=2", "decodes on two cores", if: .freeCores)) }
    if configuration.skip.loopFilter == Configuration().skip.loopFilter {
      tips.append(StageTip("skip.loopFilter=nonReference", "faster, but slightly less sharp"))
    }
    if configuration.skip.frames == Configuration().skip.frames {
      tips.append(StageTip("skip.frames=nonReference", "skips frames that no other frame refers to"))
    }
    tips.append(StageTip(nil, "a smaller picture: a camera's second stream, or a clip with fewer pixels"))
    if configuration.realtime {
      tips.append(StageTip("realtime=false", "reads the file as fast as the pipeline accepts frames", for: [.pace]))
    }
    return tips
  }

  public var facts: [String: ReportValue] { noted.values }

  public func run(_ stream: StreamInfo, _ output: any SourceOutput) throws {
    guard let entry = inputs.withLock({ $0[stream.id] }) else {
      throw PipelineError(
        "'\(stream.id)' is not a stream of '\(context.id)'", consequence: .endStream, code: .internalFault)
    }
    let job = SourceJob(
      configuration: configuration, context: context, entry: entry, stream: stream, output: output, facts: noted,
      recording: output.mediaRecorder.map { DecoderRecording($0, clock: context.clock) },
      tap: PacketTap(recorders.withLock { $0 }, stream: stream, logger: context.logger))
    defer { job.tap?.end() }
    do { try read(job, entry) } catch let error as PipelineError { throw error.scrubbed(of: entry.url) }
  }

  private func read(_ job: SourceJob, _ entry: StreamEntry) throws {
    // A camera that is not there yet comes later.
    if job.stream.isLive, MediaInput.isCamera(entry.url) { return try LiveReader(job, url: entry.url).run() }
    switch try MediaInput.find(entry.url) {
    case .file(let path): try StreamReader(job, FiniteInput(file: path)).run()
    case .pipe(let path): try StreamReader(job, FiniteInput(pipe: path)).run()
    case .pictures(let list): try PictureFolderReader(job, list).run()
    case .videos(let list): try VideoListReader(job: job, list: list).run()
    case .network(let url, let scheme): try AddressReader(job: job, url: url, scheme: scheme).run()
    case .camera(let path):
      // Somebody wants every frame of it.
      try StreamReader(job, FiniteInput(url: path, format: "v4l2", options: [:], source: path)).run()
    }
  }
}
