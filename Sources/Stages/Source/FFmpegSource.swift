import Logging
import Pipeline

/// Reads pictures from whatever FFmpeg reads: video files, folders of pictures, RTSP and HTTP streams, V4L2 cameras.
///
/// Input: none. Output: the frames of one stream, upright, numbered from 0, with pixels as the decoder made them.
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
    public var url: String
    /// The stream's name in every output; nil for the stage's id.
    public var stream: String?
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
      .init("url", .string, required: true, "A video file, a folder of pictures, a /dev/videoN device or an address such as rtsp://host/path."),
      .init("stream", .string, "The stream's name in every output; the stage's id when absent."),
      .init("threads", .integer(0...64), default: "1", "Decoding threads; 0 takes one for each processor."),
      .init("realtime", .bool, default: "false", "Plays files at the speed of their own time, like a camera."),
      .init("transport", .word(Transport.allCases.map(\.rawValue)), default: "\"tcp\"", "How RTSP carries its packets."),
      .init("timeoutS", .number(0.1...3600), default: "10", "Seconds that a stream may take to open, and between packets."),
      .init("maxFrames", .integer(1...1_000_000_000_000), "Ends the stream after so many frames."),
    ])

    private enum Key: String, CodingKey { case url, stream, threads, realtime, transport, timeoutS, maxFrames }

    public init(url: String) { self.url = url }

    public init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      url = try values.decode(String.self, forKey: .url)
      stream = try values.decodeIfPresent(String.self, forKey: .stream)
      threads = try values.decodeIfPresent(Int.self, forKey: .threads) ?? threads
      realtime = try values.decodeIfPresent(Bool.self, forKey: .realtime) ?? realtime
      transport = try values.decodeIfPresent(Transport.self, forKey: .transport) ?? transport
      timeoutS = try values.decodeIfPresent(Double.self, forKey: .timeoutS) ?? timeoutS
      maxFrames = try values.decodeIfPresent(Int.self, forKey: .maxFrames)
    }
  }

  public static let type = "source.ffmpeg"
  public static let summary = "Reads video files, folders of pictures, network streams and V4L2 cameras through FFmpeg."

  public let isLive: Bool
  private let configuration: Configuration
  private let context: StageContext
  private let stream: StreamInfo
  private let noted = SourceFacts()

  /// Opens nothing: what is wrong with one input ends that stream, and the others go on.
  public init(_ configuration: Configuration, context: StageContext) throws {
    guard !configuration.url.isEmpty else {
      throw PipelineError("the source's url is empty", remedy: "name a file, a folder, a device or an address", exit: .config)
    }
    self.configuration = configuration
    self.context = context
    isLive = MediaInput.isLive(configuration.url)
    stream = StreamInfo(id: configuration.stream ?? context.id, sourceStage: context.id, isLive: isLive)
  }

  public var facts: [String: ReportValue] { noted.values }

  public func run(_ output: any SourceOutput) throws {
    let job = SourceJob(configuration: configuration, context: context, stream: stream, output: output, facts: noted)
    switch try MediaInput.find(configuration.url) {
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
