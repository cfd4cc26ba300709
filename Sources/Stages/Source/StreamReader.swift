import EdgepipeCore
import Pipeline

/// Reads one finite input from its first packet to its last: demux, decode, emit. Used by one thread.
final class StreamReader {
  private let job: SourceJob
  private let input: FiniteInput
  private var emitter: FrameEmitter
  private var source: String { input.source }
  private var isRemote: Bool { input.isRemote }
  private var timeline = FrameTimeline(frameRate: nil)
  /// Frames of this input have been put out, whatever became of the rest.
  private(set) var hasEmitted = false
  /// Whether frames of another input came before these.
  private let isContinued: Bool
  private var captures = CaptureLog()
  private var latest: CaptureInstant
  /// The latest media time.
  private var reached = MediaTime(nanoseconds: 0)
  private var damaged = 0
  private var damagedInARow = 0
  /// Frames that have a media time, shown or not.
  private var timed = 0
  /// The decoder's last reason for refusing data.
  private var refusal: String?

  /// So many refusals of the decoder without one picture mean that none will come.
  private static let toleratedDamage = 300

  /// - Parameter last: read before this input, whose frames go on with those of this one.
  init(_ job: SourceJob, _ input: FiniteInput, after last: StreamReader? = nil) {
    self.job = job
    self.input = input
    isContinued = last != nil
    emitter = last?.emitter ?? job.makeEmitter()
    if let last { timeline = last.timeline }
    latest = CaptureInstant(job.clock)
  }

  /// - Parameter opened: the input, where it is open already.
  /// - Returns: false when the run is ending or has all the frames it wants.
  /// - Throws: ``PipelineError`` with `endStream` when the input cannot be opened, or fails for good on the way.
  @discardableResult
  func run(_ opened: OpenedInput? = nil) throws(PipelineError) -> Bool {
    var opened = opened
    if opened == nil { opened = try input.open(job) }
    guard let demuxer = opened?.demuxer, let guardian = opened?.guardian else { return false }
    if demuxer.isFinite == false, !isRemote, demuxer.isPlaylist, !job.isLiveStated {
      // A playlist that is still being written.
      job.settle(isLive: true)
      emitter = job.makeEmitter()
    }
    let before = emitter.count
    let decoder = try job.openDecoder(demuxer, name: source)
    // Freeing the decoder ends its threads, and with them the clocks that their time is read from.
    defer { withExtendedLifetime(decoder) { job.context.threads.sampleBeforeRelease(stage: job.context.id) } }
    job.note(demuxer.track, decoder, source: source)
    if isContinued {
      timeline.beginFile(frameRate: demuxer.track.frameRate)
    } else {
      timeline = FrameTimeline(frameRate: demuxer.track.frameRate)
    }
    job.tap?.connected(demuxer)
    var goOn = try readAll(demuxer, decoder, guardian)
    if goOn { goOn = try flush(demuxer, decoder) }
    if emitter.count == before, !job.output.isStopping {
      if let refusal, let error = input.knownFault(refusal, losses: MediaLosses.take()) { throw error }
      throw PipelineError(
        "no picture in '\(source)' could be decoded\(damaged > 0 ? " (\(damaged) damaged packets)" : "")",
        remedy: "check its content with ffprobe", consequence: .endStream, code: .malformed)
    }
    return goOn
  }

  /// - Returns: false when the run is ending and nothing more is wanted.
  private func readAll(_ demuxer: Demuxer, _ decoder: VideoDecoder, _ guardian: ReadGuard) throws(PipelineError) -> Bool
  {
    let packet = try Packet()
    var pacing = Pacing(job)
    while !job.output.isStopping {
      guardian.allow(seconds: isRemote ? job.configuration.timeoutS : nil)
      switch demuxer.read(into: packet) {
      case .packet: break
      case .audio:
        job.tap?.take(audio: packet, CaptureInstant(job.clock))
        continue
      case .again: continue
      case .stopped: return false
      case .end: return true
      case .timedOut: throw lost("no data arrived for \(job.configuration.timeoutS) s")
      case .failed(let reason):
        if isRemote, isMissing(demuxer) { throw lost(reason) }
        // Without a stated size the end of the connection is the end, and FFmpeg calls it an error.
        if isRemote { return true }
        job.output.count("read_errors", 1)
        job.logger.warning("'\(source)' cannot be read to its end: \(reason)")
        return true
      }
      guard pacing.wait(packet.decodingTime) else { return false }
      latest = CaptureInstant(job.clock)
      captures.record(packet.key, latest)
      if let tap = job.tap {
        if packet.isKey, !job.stream.isLive { tap.waitForRoom { self.job.output.isStopping } }
        tap.take(packet, latest)
      }
      if let reason = decoder.send(packet) { try countDamage(reason) }
      guard try drain(demuxer, decoder) else { return false }
    }
    return false
  }

  /// Whether something must still come, as far as size and length are known.
  private func isMissing(_ demuxer: Demuxer) -> Bool {
    if demuxer.size != nil { return true }
    guard let duration = demuxer.duration else { return false }
    return reached.seconds < duration.seconds - 1
  }

  private func flush(_ demuxer: Demuxer, _ decoder: VideoDecoder) throws(PipelineError) -> Bool {
    _ = decoder.send(nil)
    return try drain(demuxer, decoder)
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
        reached = time
        if frame.isDamaged {
          job.output.count("damaged_frames", 1)
          continue
        }
        hasEmitted = true
        let goOn = try emitter.emit(
          frame.picture, orientation: frame.orientation ?? demuxer.track.orientation, mediaTime: time,
          captured: captures.instant(of: frame.key) ?? latest, source: source,
          discontinuity: timeline.discontinuity)
        job.output.report(position: time, duration: isContinued ? nil : emitter.end(of: demuxer.duration))
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
    if damaged == 0 { job.logger.warning("'\(source)' contains damaged data: \(reason)") }
    refusal = reason
    damaged += 1
    damagedInARow += 1
    if damagedInARow > Self.toleratedDamage {
      throw PipelineError(
        "'\(source)' cannot be decoded: \(damagedInARow) damaged packets in a row (\(reason))",
        remedy: "check it with ffprobe", consequence: .endStream, code: .malformed)
    }
  }

  private func lost(_ reason: String) -> PipelineError {
    PipelineError(
      "lost '\(source)': \(reason)", remedy: "check the camera or server and the network to it",
      consequence: .endStream, code: .unreachable)
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
