import Pipeline

/// Reads one live input for as long as the run lasts: ``LiveStream`` decides when, ``LiveConnection`` reads.
struct LiveReader {
  private let job: SourceJob
  private let url: String

  init(_ job: SourceJob, url: String) {
    self.job = job
    self.url = url
  }

  /// - Throws: ``PipelineError`` with `endStream` when the address can never work.
  func run() throws(PipelineError) {
    let input = try findInput()
    let settings = job.configuration
    let policy = ReconnectPolicy(
      minS: settings.reconnect.minS, maxS: settings.reconnect.maxS, resetS: settings.reconnect.resetS)
    let stream = LiveStream(
      LiveLimits(policy: policy, refusedS: settings.refusedS), output: job.output, clock: job.clock, logger: job.logger)
    let frames = LiveFrames(job, source: input.source) { stream.frameDelivered() }
    try stream.run(input.source) { () throws(PipelineError) in
      try LiveConnection(job, input, frames: frames).run().scrubbed(of: input.url)
    }
  }

  private func findInput() throws(PipelineError) -> LiveInput {
    switch try MediaInput.find(url) {
    case .network(let url, let scheme):
      return LiveInput(
        url: url, options: try NetworkOptions(job.configuration, scheme: scheme, isLive: true).values,
        source: URLRedaction.redact(url), probes: !scheme.hasPrefix("rtsp"))
    case .camera(let path): return LiveInput(url: path, format: "v4l2", source: path)
    case .file(let path), .pictureFolder(let path, _):
      throw PipelineError("'\(path)' is no live input", consequence: .endStream, exit: .software)
    }
  }
}
