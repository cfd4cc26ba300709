import EdgepipeCore
import Pipeline

/// Reads one live input for as long as the run lasts: ``LiveStream`` decides when, ``LiveConnection`` reads.
struct LiveReader {
  private let job: SourceJob
  private let url: String
  private let opening: AddressOpening?

  /// - Parameter opening: set where only the first opening shows whether the stream is live.
  init(_ job: SourceJob, url: String, opening: AddressOpening? = nil) {
    self.job = job
    self.url = url
    self.opening = opening
  }

  /// - Throws: ``PipelineError`` with `endStream` when the address can never work.
  func run() throws(PipelineError) {
    var input = try findInput()
    let settings = job.configuration
    let policy = ReconnectPolicy(
      minS: settings.reconnect.minS, maxS: settings.reconnect.maxS, resetS: settings.reconnect.resetS)
    let stream = LiveStream(
      LiveLimits(policy: policy, refusedS: settings.refusedS, intervalS: settings.intervalS ?? 1), output: job.output,
      clock: job.clock, logger: job.logger)
    let frames = LiveFrames(job, source: input.source, stream: stream)
    var isPolled = settings.intervalS != nil
    try stream.run(input.source) { () throws(PipelineError) in
      var end = try LiveConnection(job, input, frames: frames, opening: opening).run()
      switch end {
      case .oddParts:
        // The pictures alone are enough: the reader of plain Motion JPEG finds them whatever is between them.
        input.format = "mjpeg"
        end = try LiveConnection(job, input, frames: frames).run()
      case .slow: input.probing = .unknown
      case .snapshot: isPolled = true
      case .lost, .stalled, .refused: if isPolled { job.output.count("failed_snapshots", 1) }
      case .finished, .finite, .impossible: break
      }
      return end.scrubbed(of: url)
    }
  }

  private func findInput() throws(PipelineError) -> LiveInput {
    let path = MediaInput.path(of: url)
    // A camera may be plugged in later.
    if MediaInput.scheme(of: url) == nil, MediaInput.isCamera(path) {
      return LiveInput(url: path, format: "v4l2", source: path)
    }
    switch try MediaInput.find(url) {
    case .network(let url, let scheme):
      let isRTSP = scheme.hasPrefix("rtsp")
      return LiveInput(
        url: url, options: try NetworkOptions(job.configuration, scheme: scheme, isLive: true).values,
        source: URLRedaction.redact(url), probing: isRTSP ? .unknown : .timed,
        mayRepeat: isRTSP && job.configuration.transport.mayRepeat || scheme == "rtp")
    case .camera, .file, .pictures, .videos, .pipe:
      throw PipelineError("'\(url)' is not a live input", consequence: .endStream, code: .internalFault)
    }
  }
}

extension FFmpegSource.Configuration.Transport {
  /// Packets may come twice, as they do over UDP.
  fileprivate var mayRepeat: Bool {
    switch self {
    case .auto, .udp, .multicast: true
    case .tcp, .http: false
    }
  }
}
