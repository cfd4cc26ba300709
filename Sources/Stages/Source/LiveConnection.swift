import EdgepipeCore
import Logging
import Pipeline

/// One connection of a live stream, from opening it to its end. Used by one thread.
///
/// The camera is always drained: nothing here waits for the pipeline. What is lost on the way closes ``KeyFrameGate``,
/// and every picture up to the next key frame counts as damaged.
final class LiveConnection {
  private let job: SourceJob
  private let input: LiveInput
  private let frames: LiveFrames
  private var guardian: ReadGuard
  private let opening: AddressOpening?
  private var gate: KeyFrameGate
  private var captures = CaptureLog()
  private var latest: CaptureInstant
  private var refusals = 0
  /// Frames put out over this connection.
  private var shown = 0
  /// The packet before, by which one that comes twice is known.
  private var lastPacket: Packet?

  /// So many refusals of the decoder in a row without a picture: the stream is not what it was when it was opened.
  private static let toleratedRefusals = 50

  /// - Parameter opening: set where only the first opening shows whether the stream is live.
  init(_ job: SourceJob, _ input: LiveInput, frames: LiveFrames, opening: AddressOpening? = nil) {
    self.opening = opening
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
    if let opened = opening?.take() {
      (demuxer, guardian) = (opened.demuxer, opened.guardian)
    } else {
      do throws(OpenError) {
        demuxer = try Demuxer(
          address: .url(input.url), format: input.format, options: input.options, name: input.source, isRemote: true,
          probing: input.probing, keepsAudio: job.tap?.wantsAudio ?? false, guardian: guardian)
      } catch {
        return try end(of: error)
      }
    }
    if let opening, opening.keeps(OpenedInput(demuxer: demuxer, guardian: guardian)) { return .finite }
    let decoder: VideoDecoder
    do throws(PipelineError) { decoder = try job.openDecoder(demuxer, name: input.source) } catch {
      return error.consequence == .endStream ? .impossible(error) : try rethrow(error)
    }
    // Freeing the decoder ends its threads, and with them the clocks that their time is read from.
    defer { withExtendedLifetime(decoder) { job.context.threads.sampleBeforeRelease(stage: job.context.id) } }
    job.note(demuxer.track, decoder, source: input.source)
    frames.connected(demuxer)
    job.tap?.connected(demuxer)
    // The end of the run is no interruption.
    defer { if !job.output.isStopping { job.tap?.interrupted() } }
    if demuxer.isPictures, demuxer.size != nil { return try readSnapshot(demuxer, decoder) }
    return try readAll(demuxer, decoder)
  }

  private func end(of failure: OpenError) throws(PipelineError) -> ConnectionEnd {
    if guardian.isStopping { return .finished }
    let error = failure.error
    guard error.consequence == .endStream else { throw error }
    switch failure.cause {
    case .refused: return .refused(error.description)
    case .impossible: return .impossible(error)
    case .oddParts: return .oddParts(error.message)
    case .slow: return .slow(error.message)
    case .other: return .lost(error.message)
    }
  }

  private func rethrow(_ error: PipelineError) throws(PipelineError) -> ConnectionEnd { throw error }

  private func readAll(_ demuxer: Demuxer, _ decoder: VideoDecoder) throws(PipelineError) -> ConnectionEnd {
    var packet = try Packet()
    let limits = job.configuration
    while !job.output.isStopping {
      let patienceS = gate.patienceS(stallS: limits.stallS, hasShown: shown > 0)
      let frameLimit = frames.latest.advanced(byMilliseconds: patienceS * 1000)
      guardian.allow(until: min(job.clock.now().advanced(byMilliseconds: limits.timeoutS * 1000), frameLimit))
      let read = demuxer.read(into: packet)
      let now = job.clock.now()
      switch read {
      case .stopped: return .finished
      case .end where demuxer.isPictures && shown == 1: return .snapshot
      case .end: return .lost("the stream ended")
      case .failed(let reason) where demuxer.isParts && shown == 0:
        return .oddParts("its parts cannot be read: \(reason)")
      case .failed(let reason): return .lost("the connection was lost: \(reason)")
      case .timedOut where now < frameLimit:
        return .stalled(
          "no data arrived for \(limits.timeoutS) s; if the camera sends less often, increase 'timeoutS' and 'stallS'"
        )
      case .timedOut: return .stalled(missing(patienceS))
      case .packet, .audio, .again:
        if now >= frameLimit { return .stalled(missing(patienceS)) }
        if now >= frames.latest.advanced(byMilliseconds: limits.stallS * 1000) {
          frames.missing(missing(limits.stallS))
        }
      }
      // What was lost is told with the next picture.
      if case .audio = read {
        job.tap?.take(audio: packet, CaptureInstant(job.clock))
        continue
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
      if refusals > Self.toleratedRefusals {
        return .lost("its packets can no longer be decoded; its codec may have changed")
      }
      if input.mayRepeat, !demuxer.isInterleaved { packet = try exchange(packet) }
    }
    return .finished
  }

  /// Keeps what was read until the next packet is compared with it, and gives one that is free.
  private func exchange(_ packet: Packet) throws(PipelineError) -> Packet {
    defer { lastPacket = packet }
    if let lastPacket { return lastPacket }
    return try Packet()
  }

  private func missing(_ seconds: Double) -> String {
    gate.isWaiting
      ? "no key frame arrived for \(seconds) s, and decoding needs one" : "no frame arrived for \(seconds) s"
  }

  /// - Returns: false when the run is ending.
  private func take(
    _ packet: Packet, afterLoss: Bool, _ demuxer: Demuxer, _ decoder: VideoDecoder
  ) throws(PipelineError) -> Bool {
    if packet.isKey { gate.noteKey(at: latest.monotonic) }
    let repetition = lastPacket.flatMap { PacketRepetition.find(packet, after: $0, codec: demuxer.track.codec) }
    if repetition == .whole {
      job.output.count("duplicate_packets", 1)
      return true
    }
    // What came damaged is recorded as it came.
    job.tap?.take(packet, latest)
    // A packet that was put together around a loss holds a hole, also when it begins a key frame.
    if afterLoss || packet.isCorrupt || repetition == .part {
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
    shown += 1
    return try frames.put(
      frame, captured: captures.instant(of: frame.key) ?? latest, arrival: latest.monotonic,
      orientation: demuxer.track.orientation)
  }

  /// Something is missing: the decoder gives out what it still holds and starts anew with the next key frame.
  ///
  /// - Parameter pendingIsGood: whether what the decoder holds came before the loss.
  /// - Returns: false when the run is ending.
  private func lose(
    _ demuxer: Demuxer, _ decoder: VideoDecoder, pendingIsGood: Bool, _ loss: KeyFrameGate.Loss = .missing
  ) throws(PipelineError) -> Bool {
    let wasDamaged = gate.isDamaged
    gate.lose(loss, at: job.clock.now())
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
    job.logger.debug("'\(input.source)' contains damaged data: \(reason)")
    refusals += 1
    return try lose(demuxer, decoder, pendingIsGood: false, .refused)
  }

  /// A server that gives one picture a connection: nothing is shown before the picture is whole.
  private func readSnapshot(_ demuxer: Demuxer, _ decoder: VideoDecoder) throws(PipelineError) -> ConnectionEnd {
    let packet = try Packet()
    var picture: DecodedFrame?
    var trouble: String?
    reading: while true {
      guardian.allow(seconds: job.configuration.timeoutS)
      let read = demuxer.read(into: packet)
      switch read {
      case .stopped: return .finished
      case .timedOut: return .lost("its picture did not arrive within \(job.configuration.timeoutS) s")
      case .failed(let reason): return .lost("its picture is incomplete: \(reason)")
      case .audio, .again: continue
      case .packet:
        latest = CaptureInstant(job.clock)
        trouble = decoder.send(packet) ?? trouble
      case .end: trouble = decoder.send(nil) ?? trouble
      }
      receiving: while true {
        switch decoder.receive() {
        case .frame(let frame): picture = frame
        case .failed(let reason): trouble = reason
        case .needsInput, .end: break receiving
        }
      }
      if case .end = read { break reading }
    }
    guard trouble == nil, let picture, !picture.isDamaged else {
      job.output.count("damaged_frames", 1)
      return .lost("its picture is damaged\(trouble.map { ": \($0)" } ?? "")")
    }
    let goesOn = try frames.put(
      picture, captured: latest, arrival: latest.monotonic, orientation: demuxer.track.orientation)
    return goesOn ? .snapshot : .finished
  }
}
