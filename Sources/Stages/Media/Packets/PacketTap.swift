import CFFmpeg
import EdgepipeCore
import Logging
import Pipeline

/// Puts the packets of a source's stream, as they come from its demuxer, into the ring that recorders read. Used by the
/// stream's thread alone.
final class PacketTap {
  let wantsAudio: Bool
  private let packets: StreamPackets
  private let logger: Logger
  private var format: StreamFormat?
  private var stamps = PacketStamps(ticksPerSecond: 1)
  private var generation = -1
  private var isHEVC = false
  /// The parameter sets stand before the pictures, behind start codes.
  private var isAnnexB = false
  private var parameterSets: [UInt8] = []
  private var nominalTicks: Int64 = 1
  private var lastVideo: StreamPacket?
  private var lastAudio: Int64?
  /// Packets have no times of their own, and when they came is the best that is known.
  private var isByArrival = false
  private var origin: MonotonicTime?

  /// Frames a second where nothing states a rate.
  private static let assumedRate = 25.0
  /// Sound whose time is farther from that of the pictures is not theirs.
  private static let mostApart: UInt64 = 5_000_000_000

  /// - Returns: nil where nobody records.
  init?(_ recorders: [any PacketRecorder], stream: StreamInfo, logger: Logger) {
    guard let bytes = recorders.map(\.packetBytes).max() else { return nil }
    wantsAudio = recorders.contains { $0.wantsAudio }
    packets = StreamPackets(stream: stream, limit: bytes)
    self.logger = logger
    for recorder in recorders { recorder.record(packets) }
  }

  /// An input is open: what comes from here on belongs to other files than what came before.
  func connected(_ demuxer: Demuxer) {
    format = nil
    if demuxer.isPictures { return packets.refuse("it consists of single pictures") }
    do throws(PipelineError) {
      let video = try demuxer.videoParameters()
      guard PacketMP4Writer.takes(video.codec) else {
        return packets.refuse("MP4 files cannot hold \(video.codecName)")
      }
      var audio = try demuxer.audioParameters()
      let leftOut = audio.flatMap { PacketMP4Writer.takesAudio($0.codec) ? nil : $0.codecName }
      if leftOut != nil { audio = nil }
      isHEVC = video.codec == AV_CODEC_ID_HEVC
      let hasSets = isHEVC || video.codec == AV_CODEC_ID_H264
      isAnnexB = hasSets && ParameterSets.isAnnexB(extradata: video.extradata)
      parameterSets = video.extradata
      isByArrival = demuxer.inventsTimes && packets.stream.isLive
      let delay = unsafe video.withParameters { unsafe Int($0.pointee.video_delay) }
      let second = Double(video.timeBase.den) / Double(max(1, video.timeBase.num))
      nominalTicks = max(1, Int64(second / max(0.01, demuxer.track.frameRate ?? Self.assumedRate)))
      stamps = PacketStamps(ticksPerSecond: second, delay: delay)
      begin(video: video, audio: audio, audioLeftOut: leftOut)
    } catch {
      packets.refuse(error.message)
    }
  }

  /// The connection has ended.
  func interrupted() {
    format = nil
    packets.interrupt()
  }

  /// Nothing more will come.
  func end() { packets.end() }

  /// A file waits until recorders have room.
  func waitForRoom(isStopping: () -> Bool) { packets.waitForRoom(isStopping: isStopping) }

  private func begin(video: TrackParameters, audio: TrackParameters?, audioLeftOut: String?) {
    generation += 1
    format = StreamFormat(generation: generation, video: video, audio: audio, audioLeftOut: audioLeftOut)
    (lastVideo, lastAudio) = (nil, nil)
  }

  // MARK: - Packets

  func take(_ packet: Packet, _ captured: CaptureInstant) {
    guard format != nil, noteParameters(packet), let format else { return }
    let (shown, decoded, duration) = unsafe packet.withHandle { handle in
      unsafe (handle.pointee.pts.stamp, handle.pointee.dts.stamp, handle.pointee.duration)
    }
    let base = format.video.timeBase, step = duration > 0 ? duration : nominalTicks
    let gap = lastVideo.map { captured.monotonic.nanoseconds(since: $0.captured.monotonic) } ?? 0
    let stamp = stamps.next(
      shown: isByArrival ? nil : shown, decoded: isByArrival ? nil : decoded,
      fallback: { last in self.arrival(captured, base) ?? last.map { $0 &+ step } ?? 0 },
      duration: step, gap: MediaTime(nanoseconds: max(0, gap)).ticks(base))
    if stamp.isBreak { begin(video: format.video, audio: format.audio, audioLeftOut: format.audioLeftOut) }
    put(packet, isVideo: true, stamp, duration: max(0, duration), captured)
  }

  func take(audio packet: Packet, _ captured: CaptureInstant) {
    guard let format, let audio = format.audio else { return }
    if audio.extradata.isEmpty, format.adts == nil {
      format.adts = unsafe packet.withBytes { (bytes: UnsafeRawBufferPointer) in
        unsafe ADTSHeader(bytes)?.configuration
      }
    }
    guard let video = lastVideo else { return }
    let (shown, duration) = unsafe packet.withHandle { handle in
      unsafe (handle.pointee.pts.stamp ?? handle.pointee.dts.stamp, handle.pointee.duration)
    }
    guard var time = shown ?? lastAudio.map({ $0 &+ max(1, duration) }) else { return }
    if let lastAudio, time <= lastAudio { time = lastAudio &+ 1 }
    guard let at = MediaTime(timestamp: time, timeBase: audio.timeBase) else { return }
    let (apart, isFar) = at.nanoseconds.subtractingReportingOverflow(video.decodingTime.nanoseconds)
    guard !isFar, apart.magnitude <= Self.mostApart else { return }
    lastAudio = time
    put(packet, isVideo: false, .init(shown: time, decoded: time), duration: max(0, duration), captured)
  }

  private func put(
    _ packet: Packet, isVideo: Bool, _ stamp: PacketStamps.Stamp, duration: Int64, _ captured: CaptureInstant
  ) {
    guard let format, let shared = SharedPacket(packet),
      let base = isVideo ? format.video.timeBase : format.audio?.timeBase,
      let time = MediaTime(timestamp: stamp.shown, timeBase: base),
      let decoding = MediaTime(timestamp: stamp.decoded, timeBase: base)
    else { return }
    let made = StreamPacket(
      packet: shared, format: format, isVideo: isVideo, isKey: packet.isKey, shown: stamp.shown, decoded: stamp.decoded,
      duration: duration, time: time, decodingTime: decoding, captured: captured)
    if isVideo { lastVideo = made }
    packets.append(made)
  }

  /// When a packet without a time came, on the clock of its track; nil where times follow from the rate.
  private func arrival(_ captured: CaptureInstant, _ base: AVRational) -> Int64? {
    guard packets.stream.isLive else { return nil }
    let begin = origin ?? captured.monotonic
    origin = begin
    return MediaTime(nanoseconds: captured.monotonic.nanoseconds(since: begin)).ticks(base)
  }

  /// Follows parameters that change with a key frame.
  ///
  /// - Returns: false while nobody knows how the pictures are coded.
  private func noteParameters(_ packet: Packet) -> Bool {
    guard packet.isKey, let format else { return isKnown }
    var found = packet.newExtradata
    if found.isEmpty, isAnnexB {
      found = unsafe packet.withBytes { (bytes: UnsafeRawBufferPointer) in
        unsafe ParameterSets.find(bytes, isHEVC: isHEVC)
      }
      // A part of them changes nothing that could be put together here.
      if !ParameterSets.isWhole(found, isHEVC: isHEVC) { found = [] }
    }
    let isChanged = !found.isEmpty && found != parameterSets
    guard isChanged || format.video.width == 0 else { return isKnown }
    do throws(PipelineError) {
      if isChanged { parameterSets = found }
      var video = try TrackParameters(format.video, extradata: parameterSets)
      if let size = PictureSize.find(packet, video) {
        video = try TrackParameters(video, extradata: parameterSets, size: size)
      }
      // The first key frame may say more than the server did.
      if lastVideo == nil {
        self.format = StreamFormat(
          generation: format.generation, video: video, audio: format.audio, audioLeftOut: format.audioLeftOut)
      } else {
        begin(video: video, audio: format.audio, audioLeftOut: format.audioLeftOut)
      }
    } catch {
      logger.warning("'\(packets.stream.id)' cannot be recorded: \(error)")
      return false
    }
    return isKnown
  }

  /// Whether a file can say how the pictures are coded.
  private var isKnown: Bool { !(isAnnexB && parameterSets.isEmpty) && (format?.video.width ?? 0) > 0 }
}

extension Int64 {
  /// Nil for FFmpeg's word for "none".
  fileprivate var stamp: Int64? { self == ep_nopts() ? nil : self }
}

extension MediaTime {
  func ticks(_ base: AVRational) -> Int64 {
    av_rescale_q(nanoseconds, AVRational(num: 1, den: 1_000_000_000), base)
  }
}

extension Packet {
  /// Parameters that the demuxer sends along where they change.
  fileprivate var newExtradata: [UInt8] {
    unsafe withHandle { handle in
      var size = 0
      // SAFETY: the side data belongs to the packet and holds `size` bytes, which are copied at once.
      guard let data = unsafe av_packet_get_side_data(handle, AV_PKT_DATA_NEW_EXTRADATA, &size) else { return [] }
      return unsafe Array(UnsafeBufferPointer(start: data, count: size))
    }
  }
}
