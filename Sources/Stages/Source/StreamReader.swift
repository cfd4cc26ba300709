import Pipeline

/// Reads one finite input from its first packet to its last: demux, decode, emit. Used by one thread.
final class StreamReader {
  private let job: SourceJob
  private let url: String
  private let format: String?
  private let options: [String: String]
  /// What outputs and errors call the input, without secrets.
  private let source: String
  private let isRemote: Bool
  private let emitter: FrameEmitter
  private var timeline = FrameTimeline(frameRate: nil)
  private var captures = CaptureLog()
  private var latest: CaptureInstant
  private var damaged = 0
  private var damagedInARow = 0
  /// Frames that have a media time, shown or not.
  private var timed = 0

  /// So many refusals of the decoder without one picture mean that none will come.
  private static let toleratedDamage = 300

  init(
    _ job: SourceJob, url: String, format: String? = nil, options: [String: String] = [:], source: String,
    isRemote: Bool = false
  ) {
    self.job = job
    self.url = url
    self.format = format
    self.options = options
    self.source = source
    self.isRemote = isRemote
    emitter = job.makeEmitter()
    latest = CaptureInstant(job.clock)
  }

  /// - Throws: ``PipelineError`` with `endStream` when the input cannot be opened, or fails for good on the way.
  func run() throws(PipelineError) {
    let guardian = ReadGuard(output: job.output, clock: job.clock)
    guardian.allow(seconds: job.configuration.timeoutS)
    let demuxer: Demuxer
    do throws(OpenError) {
      demuxer = try Demuxer(
        url: url, format: format, options: options, name: source, isRemote: isRemote, guardian: guardian)
    } catch {
      if guardian.isStopping { return }
      throw error.error
    }
    let decoder = try job.openDecoder(demuxer, name: source)
    // Freeing the decoder ends its threads, and with them the clocks that their time is read from.
    defer { withExtendedLifetime(decoder) { job.context.threads.sampleBeforeRelease(stage: job.context.id) } }
    job.note(demuxer.track, decoder, source: source)
    timeline = FrameTimeline(frameRate: demuxer.track.frameRate)
    if try readAll(demuxer, decoder, guardian) { try flush(demuxer, decoder) }
    if emitter.count == 0, !job.output.isStopping {
      throw PipelineError(
        "no picture in '\(source)' could be decoded\(damaged > 0 ? " (\(damaged) damaged packets)" : "")",
        remedy: "check it with ffprobe; \(PictureLimits.text)", consequence: .endStream, exit: .dataError)
    }
  }

  /// - Returns: false when the run is ending and nothing more is wanted.
  private func readAll(_ demuxer: Demuxer, _ decoder: VideoDecoder, _ guardian: ReadGuard) throws(PipelineError) -> Bool {
    let packet = try Packet()
    var pacing = Pacing(job)
    while !job.output.isStopping {
      guardian.allow(seconds: isRemote ? job.configuration.timeoutS : nil)
      switch demuxer.read(into: packet) {
      case .packet: break
      case .again: continue
      case .stopped: return false
      case .end: return true
      case .timedOut: throw lost("nothing came for \(job.configuration.timeoutS) s")
      case .failed(let reason):
        if isRemote { throw lost(reason) }
        job.output.count("read_errors", 1)
        job.logger.warning("'\(source)' cannot be read to its end: \(reason)")
        return true
      }
      guard pacing.wait(packet.decodingTime) else { return false }
      latest = CaptureInstant(job.clock)
      captures.record(packet.key, latest)
      if let reason = decoder.send(packet) { try countDamage(reason) }
      guard try drain(demuxer, decoder) else { return false }
    }
    return false
  }

  private func flush(_ demuxer: Demuxer, _ decoder: VideoDecoder) throws(PipelineError) {
    _ = decoder.send(nil)
    _ = try drain(demuxer, decoder)
  }

  /// Emits every picture that the decoder has ready; returns false when the run is ending.
  private func drain(_ demuxer: Demuxer, _ decoder: VideoDecoder) throws(PipelineError) -> Bool {
    while true {
      switch decoder.receive() {
      case .needsInput, .end: return true
      case .failed(let reason): try countDamage(reason)
      case .frame(let frame):
        damagedInARow = 0
        if timed == 0 { noteTimes(frame, demuxer, decoder) }
        timed += 1
        // Also a frame that is not shown keeps its place in time.
        let time = timeline.next(frame.time)
        if frame.isDamaged {
          job.output.count("damaged_frames", 1)
          continue
        }
        let goOn = try emitter.emit(
          frame.picture, orientation: frame.orientation ?? demuxer.track.orientation, mediaTime: time,
          captured: captures.instant(of: frame.key) ?? latest, source: source,
          discontinuity: timeline.discontinuity)
        job.output.report(position: time, duration: emitter.end(of: demuxer.duration))
        guard goOn else { return false }
      }
    }
  }

  /// Says in the report what the times are when the file has none of its own.
  private func noteTimes(_ frame: DecodedFrame, _ demuxer: Demuxer, _ decoder: VideoDecoder) {
    guard !demuxer.isPictures, demuxer.inventsTimes || frame.time == nil else { return }
    let stated = decoder.statedRate ?? (demuxer.inventsTimes ? nil : demuxer.track.frameRate)
    let rounded = ((stated ?? FrameTimeline.assumedRate) * 1000).rounded() / 1000
    let rate = "rate of \(Int(exactly: rounded).map { "\($0)" } ?? "\(rounded)") frames/s"
    job.facts.note("times", .string(stated == nil ? "by an assumed \(rate)" : "by the stated \(rate)"))
  }

  private func countDamage(_ reason: String) throws(PipelineError) {
    job.output.count("damaged_packets", 1)
    if damaged == 0 { job.logger.warning("'\(source)' holds damaged data: \(reason)") }
    damaged += 1
    damagedInARow += 1
    if damagedInARow > Self.toleratedDamage {
      throw PipelineError(
        "'\(source)' cannot be decoded: \(damagedInARow) damaged packets in a row (\(reason))",
        remedy: "check it with ffprobe", consequence: .endStream, exit: .dataError)
    }
  }

  private func lost(_ reason: String) -> PipelineError {
    PipelineError(
      "lost '\(source)': \(reason)", remedy: "check the camera or server and the network to it",
      consequence: .endStream, exit: .unavailable)
  }
}

/// Plays a file at the speed of its own time when `realtime` asks for it.
struct Pacing {
  private let job: SourceJob
  private let isOn: Bool
  private var start: (clock: MonotonicTime, media: MediaTime)?

  init(_ job: SourceJob) {
    self.job = job
    isOn = job.configuration.realtime
  }

  /// Waits until `media` is due; returns false when the run is ending.
  mutating func wait(_ media: MediaTime?) -> Bool {
    guard isOn, let media else { return true }
    guard let start else {
      self.start = (job.clock.now(), media)
      return true
    }
    let elapsed = media.nanoseconds.subtractingReportingOverflow(start.media.nanoseconds).partialValue
    guard elapsed > 0 else { return true }
    return job.output.wait(until: start.clock.advanced(byNanoseconds: elapsed))
  }
}
