import Logging
import Pipeline
import Synchronization

/// Reads pictures from whatever FFmpeg reads: video files, folders of pictures, RTSP and HTTP streams, V4L2 cameras.
///
/// Input: none. Output: the frames of its streams, upright, numbered from 0 in each stream, with pixels as the decoder
/// made them. `url` names one stream; `streams` and the file `list` name many, and more may join a run that has a
/// control socket. Each stream has a thread of its own, and the failure of one leaves the others alone.
///
/// Drops: damaged frames are counted (`damaged_frames`, `damaged_packets`) and never shown as good. Live streams never
/// wait for the pipeline; what it cannot take is dropped and counted by it. Files wait.
///
/// Trade-off: one decoding thread attributes all its time to this stage and costs the least; more decode faster at a
/// higher memory and energy cost. `realtime` plays a file like a camera.
///
/// ```json
/// { "id": "camera", "type": "source.ffmpeg", "config": { "url": "samples/street-1080p.mp4", "threads": 1 } }
/// ```
public final class FFmpegSource: SourceStage {
  public struct Configuration: StageConfiguration {
    /// A file, a folder of pictures, a `/dev/videoN` device or a stream's address.
    public var url: String?
    /// The name of `url` in every output; nil for the stage's id.
    public var stream: String?
    /// Several streams, each with a name.
    public var streams: [StreamEntry] = []
    /// A text file of streams, one `id url` a line.
    public var list: String?
    /// Milliseconds from capture to delivery for its live streams, in place of the pipeline's budget.
    public var deadlineMs: Double?
    /// Decoding threads; 0 for one a processor.
    public var threads = 1
    /// Plays files at the speed of their own time.
    public var realtime = false
    /// How RTSP carries its packets.
    public var transport = Transport.tcp
    /// How long a stream may take to open, and then between two packets, in seconds.
    public var timeoutS = 10.0
    /// Ends the stream after so many frames.
    public var maxFrames: Int?

    public enum Transport: String, Decodable, Sendable, CaseIterable { case tcp, udp }

    public static let schema = ObjectSchema([
      .init("url", .string, "A video file, a folder of pictures, a /dev/videoN device or an address such as rtsp://host/path."),
      .init("stream", .string, "The name of `url` in every output; the stage's id when absent."),
      .init("streams", .list(.object(StreamEntry.schema), count: 1...256), "Several streams, each with a name."),
      .init("list", .string, "A text file of streams, one `id url` a line; `#` begins a comment, `${NAME}` works."),
      .init("deadlineMs", .number(1...3_600_000), "Milliseconds from capture to delivery for live streams; the pipeline's budget when absent."),
      .init("threads", .integer(0...64), default: "1", "Decoding threads; 0 takes one for each processor."),
      .init("realtime", .bool, default: "false", "Plays files at the speed of their own time, like a camera."),
      .init("transport", .word(Transport.allCases.map(\.rawValue)), default: "\"tcp\"", "How RTSP carries its packets."),
      .init("timeoutS", .number(0.1...3600), default: "10", "Seconds that a stream may take to open, and between packets."),
      .init("maxFrames", .integer(1...1_000_000_000_000), "Ends the stream after so many frames."),
    ])

    private enum Key: String, CodingKey { case url, stream, streams, list, deadlineMs, threads, realtime, transport, timeoutS, maxFrames }

    public init(url: String) { self.url = url }

    public init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      url = try values.decodeIfPresent(String.self, forKey: .url)
      stream = try values.decodeIfPresent(String.self, forKey: .stream)
      streams = try values.decodeIfPresent([StreamEntry].self, forKey: .streams) ?? []
      list = try values.decodeIfPresent(String.self, forKey: .list)
      deadlineMs = try values.decodeIfPresent(Double.self, forKey: .deadlineMs)
      threads = try values.decodeIfPresent(Int.self, forKey: .threads) ?? threads
      realtime = try values.decodeIfPresent(Bool.self, forKey: .realtime) ?? realtime
      transport = try values.decodeIfPresent(Transport.self, forKey: .transport) ?? transport
      timeoutS = try values.decodeIfPresent(Double.self, forKey: .timeoutS) ?? timeoutS
      maxFrames = try values.decodeIfPresent(Int.self, forKey: .maxFrames)
    }
  }

  public static let type = "source.ffmpeg"
  public static let summary = "Reads video files, folders of pictures, network streams and V4L2 cameras through FFmpeg."

  public let streams: [StreamInfo]
  private let configuration: Configuration
  private let context: StageContext
  private let noted = SourceFacts()
  /// What each stream reads, those that joined later included.
  private let inputs: Mutex<[String: String]>

  /// Opens nothing but the list: what is wrong with one input ends that stream, and the others go on.
  public init(_ configuration: Configuration, context: StageContext) throws {
    self.configuration = configuration
    self.context = context
    let entries = try Self.entries(configuration, stage: context.id)
    streams = entries.map { Self.stream($0, configuration, stage: context.id) }
    inputs = Mutex(Dictionary(entries.map { ($0.id, $0.url) }, uniquingKeysWith: { first, _ in first }))
  }

  private static func entries(_ configuration: Configuration, stage: String) throws -> [StreamEntry] {
    var entries = configuration.url.map { [StreamEntry(id: configuration.stream ?? stage, url: $0)] } ?? []
    entries += configuration.streams
    if let list = configuration.list { entries += try StreamListFile.read(list) }
    guard !entries.isEmpty else {
      throw PipelineError(
        "the source has no input", remedy: "give it a 'url', 'streams' or a 'list' of streams", exit: .config)
    }
    for entry in entries { try check(entry) }
    return entries
  }

  private static func check(_ entry: StreamEntry) throws(PipelineError) {
    guard StreamEntry.isGood(id: entry.id) else {
      throw PipelineError(
        "'\(entry.id)' is no stream id", remedy: "take 1 to 32 letters, digits, '-' or '_'", exit: .config)
    }
    guard !entry.url.isEmpty else {
      throw PipelineError(
        "the url of '\(entry.id)' is empty", remedy: "name a file, a folder, a device or an address", exit: .config)
    }
  }

  private static func stream(_ entry: StreamEntry, _ configuration: Configuration, stage: String) -> StreamInfo {
    StreamInfo(
      id: entry.id, sourceStage: stage, isLive: MediaInput.isLive(entry.url),
      deadlineMs: entry.deadlineMs ?? configuration.deadlineMs)
  }

  public func makeStream(id: String, url: String) throws -> StreamInfo {
    let entry = StreamEntry(id: id, url: url)
    try Self.check(entry)
    inputs.withLock { $0[id] = url }
    return Self.stream(entry, configuration, stage: context.id)
  }

  /// One stream's facts stand for the stage's; of several, each has its own.
  public var facts: [String: ReportValue] { noted.values }

  public func run(_ stream: StreamInfo, _ output: any SourceOutput) throws {
    guard let url = inputs.withLock({ $0[stream.id] }) else {
      throw PipelineError("'\(stream.id)' is no stream of '\(context.id)'", consequence: .endStream, exit: .software)
    }
    let job = SourceJob(configuration: configuration, context: context, stream: stream, output: output, facts: noted)
    switch try MediaInput.find(url) {
    case .file(let path):
      // Only files: a playlist must not make this machine call others.
      let options = ["protocol_whitelist": "file,crypto,data", "pattern_type": "none"]
      try StreamReader(job, url: "file:" + path, options: options, source: path).run()
    case .camera(let path):
      try StreamReader(job, url: path, format: "v4l2", source: path, isRemote: true).run()
    case .network(let url, let scheme):
      let name = URLRedaction.redact(url)
      try StreamReader(job, url: url, options: networkOptions(scheme), source: name, isRemote: true).run()
    case .pictureFolder(let path, let names):
      try PictureFolderReader(job, folder: path, names: names).run()
    }
  }

  /// FFmpeg waits for ever by default; its timeouts are in microseconds, under a name of their own for RTSP.
  private func networkOptions(_ scheme: String) -> [String: String] {
    let microseconds = "\(Int64(configuration.timeoutS * 1e6))"
    if scheme.hasPrefix("rtsp") { return ["rtsp_transport": configuration.transport.rawValue, "timeout": microseconds] }
    return ["rw_timeout": microseconds]
  }
}
