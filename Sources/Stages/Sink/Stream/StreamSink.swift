public import EdgepipeCore
import Logging
public import Pipeline
import Synchronization

/// Shows the pictures live with everything that was found drawn on them, as H.264: pushed to an RTSP server, as HLS in a
/// folder, or as MPEG-TS over UDP.
///
/// Input: frames with pixels. Output: one live stream for each stream; with `{stream}` in `to` for several.
/// Drops: live streams never wait for a receiver. While nobody takes them, or too slowly, their pictures are left out
/// before they are encoded, and counted (`dropped`); what a broken connection took with it is counted too (`lost`). The
/// frames themselves count as delivered. Files wait while the receiver takes pictures.
///
/// Trade-off: as ``VideoSink``; low delay makes the stream a little larger than a file of the same quality.
///
/// ```json
/// { "id": "live", "type": "sink.stream", "after": ["tracks"], "config": { "to": "rtsp://host:8554/{stream}" } }
/// ```
public final class StreamSink: FrameStage, AdjustableStage {
  public struct Configuration: StageConfiguration {
    public var to = ""
    public var preset = "ultrafast"
    public var crf = 23
    public var threads = 1
    public var height: Int?
    public var maxKbps: Int?
    public var fps: Double?
    public var windowS = 10
    public var timeoutS = 5.0
    public var reconnect = FFmpegSource.Configuration.Reconnect()
    public var tlsVerify = true
    public var tlsCAFile: String?
    public var annotation = AnnotationSettings()

    public static let options: [ConfigurationOption<Self>] =
      [
        .init(
          "to", \.to, .string, required: true,
          """
          rtsp://host/path or rtsps://host/path of a server that takes streams, udp://host:port for MPEG-TS, or a folder \
          for HLS; `{stream}` stands for the stream's id.
          """),
        .init(
          "preset", \.preset, .word(VideoSink.Configuration.presets),
          "The encoder's speed; slower presets need less bandwidth."),
        .init("crf", \.crf, .integer(0...51), "Constant rate factor: lower is better and larger."),
        .init("threads", \.threads, .integer(1...64), "Encoder threads per stream."),
        .init(
          "height", \.height, .integer(16...8192), "Height of the video in pixels; by default that of the pictures."),
        .init(
          "maxKbps", \.maxKbps, .integer(16...1_000_000),
          "The most kilobits per second, at the cost of quality; unlimited when absent."),
        .init("fps", \.fps, .number(0.1...240), "The most pictures per second; all when absent."),
        .init("windowS", \.windowS, .integer(3...86_400), "Seconds that an HLS playlist goes back."),
        .init(
          "timeoutS", \.timeoutS, .number(0.1...60), "Seconds that connecting, and sending one picture, may take."),
        .init(
          "reconnect", \.reconnect, .object(FFmpegSource.Configuration.Reconnect.schema),
          "The pauses between attempts after a loss: minS, maxS and resetS."),
        .init("tlsVerify", \.tlsVerify, .bool, "Whether to verify the certificate of an rtsps server."),
        .init("tlsCAFile", \.tlsCAFile, .string, "Trusted certificates in PEM format; the system's when absent."),
      ] + AnnotationSettings.options.map { $0.of(\.annotation) }

    public init() {}

    public init(to place: String) { to = place }
  }

  public static let type = "sink.stream"
  public static let summary = "Streams annotated H.264 live: RTSP push, HLS into a folder, or MPEG-TS over UDP."
  public static let role = StageRole.sink
  public static let needsImage = true

  let configuration: Configuration
  let context: StageContext
  let destination: StreamDestination
  private let outputs = Mutex<[String: LiveOutput]>([:])
  private let frames = Atomic<Int>(0)

  /// Connects to nobody.
  public init(_ configuration: Configuration, context: StageContext) throws {
    let place = configuration.to
    destination = try StreamDestination(StreamPlaces.place(place, of: "_"))
    try VideoEncoder.find()
    if let file = configuration.tlsCAFile { try Self.checkCertificates(file) }
    self.configuration = configuration
    self.context = context
  }

  private static func checkCertificates(_ path: String) throws(PipelineError) {
    if case .file = FilePlace(path) { return }
    throw PipelineError(
      "tlsCAFile: '\(path)' is not a file", remedy: "give a file of certificates in PEM format", code: .notFound)
  }

  public func adjustment(for configuration: Configuration) -> AnnotationSettings { configuration.annotation }

  public func files(for streams: [String]) -> [FileUse] {
    let certificates: [FileUse] = [
      configuration.tlsCAFile.map { .reads($0, as: "the certificates of '\(context.id)'") }
    ].compactMap { $0 }
    guard destination == .folder else { return certificates }
    return certificates
      + streams.flatMap { stream -> [FileUse] in
        let folder = StreamPlaces.place(configuration.to, of: stream)
        let role = "the live video of stream '\(stream)' in '\(context.id)'"
        return [
          .writes(folder: folder, endings: ["m4s", "mp4"], as: role),
          .writes(folder + "/" + HLSPlaylist.fileName, as: role),
        ]
      }
  }

  public func makeWorker(_ worker: WorkerContext) -> any FrameWorker { StreamSinkWorker(stage: self) }

  public var tips: [StageTip] {
    var tips: [StageTip] = []
    let fastest = Configuration().preset
    if configuration.preset != fastest {
      tips.append(StageTip("preset=\(fastest)", "now \(configuration.preset); needs more bandwidth"))
    }
    if configuration.threads == 1 { tips.append(StageTip("threads=2", "encodes on two cores", if: .freeCores)) }
    if configuration.fps == nil { tips.append(StageTip("fps=10", "encodes fewer pictures; now all")) }
    let height = configuration.height.map { "now \($0)" } ?? "now that of the pictures"
    return tips + [StageTip(nil, "a lower \(context.id).height: \(height)")]
  }

  public var facts: [String: ReportValue] {
    let streams = outputs.withLock { $0 }.mapValues { output -> ReportValue in
      let figures = output.figures
      return .object([
        "to": .string(output.name), "sent": .int(figures.sent), "dropped": .int(figures.dropped),
        "lost": .int(figures.lost), "connections": .int(figures.openings), "connected": .bool(figures.isOpen),
        "error": figures.error.map { .string($0) } ?? .null,
      ])
    }
    return [
      "frames": .int(frames.load(ordering: .relaxed)), "streams": .object(streams),
      "preset": .string(configuration.preset), "threads": .int(configuration.threads),
    ]
  }

  /// A frame has come, whether it is shown or not.
  func noteFrame() { frames.add(1, ordering: .relaxed) }

  /// Starts the way out of a stream, which belongs to the worker; it is kept for the figures.
  func makeOutput(stream: String, place: String, _ video: VideoDescription) throws(PipelineError) -> LiveOutput {
    let reconnect = configuration.reconnect
    let settings = LiveOutput.Settings(
      timeoutS: configuration.timeoutS,
      policy: ReconnectPolicy(minS: reconnect.minS, maxS: reconnect.maxS, resetS: reconnect.resetS))
    let output = try LiveOutput(
      name: URLRedaction.redact(place), stage: context.id, census: context.threads, logger: context.logger,
      settings: settings, opening: opening(place, video))
    outputs.withLock { $0[stream] = output }
    return output
  }

  private func opening(_ place: String, _ video: VideoDescription) -> StreamOpening {
    let configuration = configuration, clock = context.clock
    switch destination {
    case .rtsp(let isEncrypted):
      let address = RTSPAddress(place), parameterSets = video.parameterSets
      let tls = SocketConnection.TLS(verifies: configuration.tlsVerify, caFile: configuration.tlsCAFile)
      return { guardian throws(StreamLoss) in
        let connection = try SocketConnection(
          host: address.host, port: address.port, tls: isEncrypted ? tls : nil, timeoutS: configuration.timeoutS,
          guardian: guardian)
        return try RTSPPublisher(connection, address, parameterSets: parameterSets, guardian: guardian)
      }
    case .udp:
      return { guardian throws(StreamLoss) in
        try TransportStreamCarrier(url: place, video, guardian: guardian)
      }
    case .folder:
      return { _ throws(StreamLoss) in
        do throws(PipelineError) {
          return try HLSCarrier(place, video, windowS: configuration.windowS, wall: clock.wallTime())
        } catch { throw StreamLoss(error) }
      }
    }
  }
}
