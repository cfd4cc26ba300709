import Logging
import Pipeline

/// What must be opened for a live input.
struct LiveInput: Sendable {
  var url: String
  /// FFmpeg's name of a device format, or nil to find it.
  var format: String?
  var options: [String: String] = [:]
  /// What outputs and errors call the input, without secrets.
  var source: String
  /// False where the header says what the stream is, so that no time is lost with looking.
  var probes = true
}

/// The frames of one live stream over all its connections: one sequence, one rising time line. Used by one thread.
final class LiveFrames {
  private let job: SourceJob
  private let emitter: FrameEmitter
  private let source: String
  private let whenDelivered: () -> Void
  private var timeline = FrameTimeline(frameRate: nil, isLive: true)
  /// When the last frame was put out, or the connection was begun.
  private(set) var latest: MonotonicTime

  init(_ job: SourceJob, source: String, whenDelivered: @escaping () -> Void) {
    self.job = job
    self.source = source
    self.whenDelivered = whenDelivered
    emitter = job.makeEmitter()
    latest = job.clock.now()
  }

  /// A connection is being made: its frames have `stallS` from now.
  func begin() { latest = job.clock.now() }

  func connected(frameRate: Double?) { timeline.reconnected(frameRate: frameRate) }

  /// - Returns: false when the run is ending or has all the frames it wants.
  func put(_ frame: DecodedFrame, captured: CaptureInstant, orientation: Orientation?) throws(PipelineError) -> Bool {
    let time = timeline.next(frame.time, captured: captured.monotonic)
    latest = job.clock.now()
    whenDelivered()
    job.output.report(position: time, duration: nil)
    return try emitter.emit(
      frame.picture, orientation: frame.orientation ?? orientation, mediaTime: time, captured: captured, source: source,
      discontinuity: timeline.discontinuity)
  }
}

/// One connection of a live stream, from opening it to its end. Used by one thread.
///
/// The camera is always drained: nothing here waits for the pipeline. What is lost on the way closes ``KeyFrameGate``,
/// and every picture up to the next key frame counts as damaged.
final class LiveConnection {
  private let job: SourceJob
  private let input: LiveInput
  private let frames: LiveFrames
  private let guardian: ReadGuard
  private var gate: KeyFrameGate
  private var captures = CaptureLog()
  private var latest: CaptureInstant
  private var refusals = 0
  /// The time stamp and size of the last packet, by which one that comes twice is known.
  private var lastPacket: PacketIdentity?
  private var pairs = PairedStamps()

  /// So many refusals of the decoder in a row without a picture: the stream is not what it was when it was opened.
  private static let toleratedRefusals = 50

  init(_ job: SourceJob, _ input: LiveInput, frames: LiveFrames) {
    self.job = job
    self.input = input
    self.frames = frames
    guardian = ReadGuard(output: job.output, clock: job.clock)
    latest = CaptureInstant(job.clock)
    gate = KeyFrameGate(at: latest.monotonic, patienceS: job.configuration.stallS / 4)
  }

  /// - Throws: ``PipelineError`` only for what ends the whole stream or run, such as a lack of memory.
  func run() throws(PipelineError) -> ConnectionEnd {
    frames.begin()
    guardian.allow(seconds: job.configuration.timeoutS)
    // What this thread lost before belongs to another connection.
    _ = MediaLosses.take()
    let demuxer: Demuxer
    do throws(OpenError) {
      demuxer = try Demuxer(
        url: input.url, format: input.format, options: input.options, name: input.source, isRemote: true,
        probes: input.probes, guardian: guardian)
    } catch {
      return try end(of: error)
    }
    let decoder: VideoDecoder
    do throws(PipelineError) { decoder = try job.openDecoder(demuxer, name: input.source) } catch {
      return error.consequence == .endStream ? .impossible(error) : try rethrow(error)
    }
    // Freeing the decoder ends its threads, and with them the clocks that their time is read from.
    defer { withExtendedLifetime(decoder) { job.context.threads.sampleBeforeRelease(stage: job.context.id) } }
    job.note(demuxer.track, decoder, source: input.source)
    frames.connected(frameRate: demuxer.track.frameRate)
    return try readAll(demuxer, decoder)
  }

  private func end(of failure: OpenError) throws(PipelineError) -> ConnectionEnd {
    if guardian.isStopping { return .finished }
    let error = failure.error
    guard error.consequence == .endStream else { throw error }
    switch failure.cause {
    case .refused: return .refused(error.description)
    case .impossible: return .impossible(error)
    case .other: return .lost(error.message)
    }
  }

  private func rethrow(_ error: PipelineError) throws(PipelineError) -> ConnectionEnd { throw error }

  private func readAll(_ demuxer: Demuxer, _ decoder: VideoDecoder) throws(PipelineError) -> ConnectionEnd {
    let packet = try Packet()
    let limits = job.configuration
    while !job.output.isStopping {
      let frameLimit = frames.latest.advanced(byMilliseconds: limits.stallS * 1000)
      guardian.allow(until: min(job.clock.now().advanced(byMilliseconds: limits.timeoutS * 1000), frameLimit))
      let read = demuxer.read(into: packet)
      let now = job.clock.now()
      switch read {
      case .stopped: return .finished
      case .end: return .lost("the stream ended")
      case .failed(let reason): return .lost("the connection broke: \(reason)")
      case .timedOut where now < frameLimit: return .stalled("nothing came for \(limits.timeoutS) s")
      case .timedOut: return .stalled("no frame came for \(limits.stallS) s")
      case .packet, .again:
        if now >= frameLimit { return .stalled("no frame came for \(limits.stallS) s") }
      }
      let losses = MediaLosses.take()
      let isBroken = losses.packets > 0 || losses.repeated > 0
      if isBroken {
        if losses.packets > 0 { job.output.count("lost_packets", losses.packets) }
        if losses.repeated > 0 { job.output.count("duplicate_packets", losses.repeated) }
        guard try lose(demuxer, decoder, pendingIsGood: true) else { return .finished }
      }
      guard case .packet = read else {
        if !job.output.wait(until: now.advanced(byMilliseconds: 1)) { return .finished }
        continue
      }
      latest = CaptureInstant(job.clock)
      guard try take(packet, afterLoss: isBroken, demuxer, decoder) else { return .finished }
      if refusals > Self.toleratedRefusals || gate.isHopeless(at: latest.monotonic) {
        return .lost("its packets cannot be decoded any more; perhaps its codec has changed")
      }
    }
    return .finished
  }

  /// - Returns: false when the run is ending.
  private func take(
    _ packet: Packet, afterLoss: Bool, _ demuxer: Demuxer, _ decoder: VideoDecoder
  ) throws(PipelineError) -> Bool {
    let identity = packet.identity
    if let lastPacket, lastPacket == identity {
      job.output.count("duplicate_packets", 1)
      return true
    }
    let isRepeated = pairs.isRepeated(identity?.presentation, after: lastPacket?.presentation)
    lastPacket = identity
    // A packet that was put together around a loss holds a hole, also when it begins a key frame.
    if afterLoss || packet.isCorrupt || isRepeated {
      if !afterLoss { guard try lose(demuxer, decoder, pendingIsGood: true) else { return false } }
      job.output.count("damaged_frames", 1)
      return true
    }
    guard gate.admits(isKey: packet.isKey, at: latest.monotonic) else {
      job.output.count(gate.isDamaged ? "damaged_frames" : "frames_before_key", 1)
      return true
    }
    captures.record(packet.key, latest)
    if let reason = decoder.send(packet) { return try refused(reason, demuxer, decoder) }
    return try drain(demuxer, decoder, isKey: packet.isKey)
  }

  /// Puts out every picture that the decoder has ready; returns false when the run is ending.
  private func drain(_ demuxer: Demuxer, _ decoder: VideoDecoder, isKey: Bool) throws(PipelineError) -> Bool {
    // What a key frame's decoder misses are pictures before it, which nobody refers to any more.
    let references = MediaLosses.take().references
    let isBroken = !isKey && references > 0
    while true {
      switch decoder.receive() {
      case .needsInput, .end:
        return isBroken && !gate.isDamaged ? try lose(demuxer, decoder, pendingIsGood: false) : true
      case .failed(let reason): return try refused(reason, demuxer, decoder)
      case .frame(let frame):
        refusals = 0
        if frame.isDamaged || isBroken {
          job.output.count("damaged_frames", 1)
          return try lose(demuxer, decoder, pendingIsGood: false)
        }
        guard try put(frame, demuxer) else { return false }
      }
    }
  }

  private func put(_ frame: DecodedFrame, _ demuxer: Demuxer) throws(PipelineError) -> Bool {
    try frames.put(
      frame, captured: captures.instant(of: frame.key) ?? latest, orientation: demuxer.track.orientation)
  }

  /// Something is missing: the decoder gives out what it still holds and starts anew with the next key frame.
  ///
  /// - Parameter pendingIsGood: whether what the decoder holds came before the loss.
  /// - Returns: false when the run is ending.
  private func lose(_ demuxer: Demuxer, _ decoder: VideoDecoder, pendingIsGood: Bool) throws(PipelineError) -> Bool {
    let wasDamaged = gate.isDamaged
    gate.lose(at: job.clock.now())
    if wasDamaged { return true }
    _ = decoder.send(nil)
    var goesOn = true
    emptying: while goesOn {
      switch decoder.receive() {
      case .needsInput, .end: break emptying
      case .failed: continue
      case .frame(let frame):
        if pendingIsGood, !frame.isDamaged {
          goesOn = try put(frame, demuxer)
        } else {
          job.output.count("damaged_frames", 1)
        }
      }
    }
    decoder.flush()
    _ = MediaLosses.take()
    return goesOn
  }

  private func refused(_ reason: String, _ demuxer: Demuxer, _ decoder: VideoDecoder) throws(PipelineError) -> Bool {
    job.output.count("damaged_packets", 1)
    job.logger.debug("'\(input.source)' holds damaged data: \(reason)")
    refusals += 1
    return try lose(demuxer, decoder, pendingIsGood: false)
  }
}

/// Finds pictures that begin anew in their middle because an RTP packet came twice: they share their time stamp with the
/// packet before. So do the two fields of interlaced pictures, but those do it every time.
struct PairedStamps {
  private var pairs = 0
  private var wasShared = false

  /// So many pairs in a row are fields.
  private static let fields = 4

  mutating func isRepeated(_ stamp: Int64?, after last: Int64?) -> Bool {
    let isShared = stamp != nil && stamp == last
    if isShared { pairs += 1 } else if !wasShared { pairs = 0 }
    wasShared = isShared
    return isShared && pairs < Self.fields
  }
}
