import CFFmpeg
import EdgepipeCore

/// Makes AAC of G.711, which browsers do not play: owns a decoder and an encoder. Used by one thread.
@safe final class AACTranscoder {
  /// What the file says of the track.
  let track: TrackParameters
  // SAFETY: set in init, freed once in deinit, and only used during calls.
  private var encoder: UnsafeMutablePointer<AVCodecContext>?
  private var frame: UnsafeMutablePointer<AVFrame>?
  private var packet: UnsafeMutablePointer<AVPacket>?
  private let isALaw: Bool
  private let channels: Int
  private let sampleRate: Int
  /// Values that do not fill a frame yet, channels beside each other, and the time of the first.
  private var pending: [Float] = []
  private var pendingTime: Int64 = 0

  /// A hole in the sound up to this long is not heard: the clock of the samples goes on.
  private static let toleratedGapS = 0.1
  private static let bitsPerSecond = 32_000

  static func takes(_ codec: AVCodecID) -> Bool {
    codec == AV_CODEC_ID_PCM_ALAW || codec == AV_CODEC_ID_PCM_MULAW
  }

  /// - Throws: `unavailable` where this FFmpeg has no AAC encoder or it does not take the sound.
  init(_ source: TrackParameters) throws(PipelineError) {
    isALaw = source.codec == AV_CODEC_ID_PCM_ALAW
    (channels, sampleRate) = (source.channels, source.sampleRate)
    guard (1...2).contains(channels), let codec = unsafe avcodec_find_encoder(AV_CODEC_ID_AAC),
      let made = unsafe avcodec_alloc_context3(codec)
    else {
      throw PipelineError("cannot make AAC of \(channels) channels of \(source.codecName)", code: .unavailable)
    }
    var context: UnsafeMutablePointer<AVCodecContext>? = unsafe made
    unsafe made.pointee.sample_fmt = AV_SAMPLE_FMT_FLTP
    unsafe made.pointee.sample_rate = Int32(clamping: sampleRate)
    unsafe ep_set_channels(made, Int32(channels))
    unsafe made.pointee.bit_rate = Int64(Self.bitsPerSecond * channels)
    unsafe made.pointee.time_base = AVRational(num: 1, den: Int32(clamping: max(1, sampleRate)))
    unsafe made.pointee.flags |= Int32(AV_CODEC_FLAG_GLOBAL_HEADER)
    do throws(PipelineError) {
      try avCheck(
        unsafe avcodec_open2(made, codec, nil), "cannot make AAC of \(source.codecName) at \(sampleRate) Hz",
        code: .unavailable)
      track = try unsafe TrackParameters(encoder: made)
    } catch {
      // SAFETY: nobody else has it.
      unsafe avcodec_free_context(&context)
      throw error
    }
    unsafe encoder = made
    unsafe frame = av_frame_alloc()
    unsafe packet = av_packet_alloc()
    guard let frame = unsafe frame, unsafe packet != nil else { throw .outOfMemory("a sound track") }
    unsafe frame.pointee.format = AV_SAMPLE_FMT_FLTP.rawValue
    unsafe frame.pointee.nb_samples = made.pointee.frame_size
    unsafe frame.pointee.sample_rate = made.pointee.sample_rate
    guard unsafe ep_set_frame_channels(frame, made) >= 0, unsafe av_frame_get_buffer(frame, 0) >= 0 else {
      throw .outOfMemory("a sound track")
    }
  }

  deinit {
    unsafe av_packet_free(&packet)
    unsafe av_frame_free(&frame)
    unsafe avcodec_free_context(&encoder)
  }

  /// - Parameters:
  ///   - time: of the first sample, in samples.
  ///   - body: is lent each finished packet.
  func take(
    _ bytes: UnsafeRawBufferPointer, time: Int64, _ body: (UnsafePointer<AVPacket>) throws(PipelineError) -> Void
  ) throws(PipelineError) {
    guard let frame = unsafe frame else { return }
    let expected = pendingTime &+ Int64(pending.count / channels)
    let gap = Double(time) - Double(expected)
    if pending.isEmpty || abs(gap) > Self.toleratedGapS * Double(sampleRate) {
      pending.removeAll(keepingCapacity: true)
      pendingTime = time
    }
    for index in 0..<bytes.count {
      let byte = unsafe bytes[index]
      pending.append(isALaw ? G711.aLaw(byte) : G711.muLaw(byte))
    }
    let size = unsafe Int(frame.pointee.nb_samples)
    while size > 0, pending.count >= size * channels {
      try unsafe encode(frame, size, body)
      pending.removeFirst(size * channels)
      pendingTime &+= Int64(size)
    }
  }

  private func encode(
    _ frame: UnsafeMutablePointer<AVFrame>, _ size: Int, _ body: (UnsafePointer<AVPacket>) throws(PipelineError) -> Void
  ) throws(PipelineError) {
    guard let encoder = unsafe encoder, let packet = unsafe packet else { return }
    guard unsafe av_frame_make_writable(frame) >= 0 else { throw .outOfMemory("a sound track") }
    for channel in 0..<channels {
      // SAFETY: each channel has a plane of `size` floats of its own.
      guard let plane = unsafe frame.pointee.extended_data[channel] else { continue }
      let values = unsafe UnsafeMutableRawPointer(plane).assumingMemoryBound(to: Float.self)
      for index in 0..<size { unsafe values[index] = pending[index * channels + channel] }
    }
    unsafe frame.pointee.pts = pendingTime
    try avCheck(unsafe avcodec_send_frame(encoder, frame), "cannot encode sound", code: .internalFault)
    while true {
      let code = unsafe avcodec_receive_packet(encoder, packet)
      if code == ep_error_again() || code == ep_error_eof() { return }
      try avCheck(code, "cannot encode sound", code: .internalFault)
      defer { unsafe av_packet_unref(packet) }
      try unsafe body(packet)
    }
  }
}

/// The two ways in which G.711 (ITU-T G.711, tables 1a and 2a) writes 13 or 14 bits in 8, as values in -1...1.
enum G711 {
  static func aLaw(_ byte: UInt8) -> Float {
    let code = byte ^ 0x55, exponent = Int(code >> 4) & 7, mantissa = Int(code & 15)
    let magnitude = exponent == 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (exponent - 1)
    return Float(code & 0x80 != 0 ? magnitude : -magnitude) / 32_768
  }

  static func muLaw(_ byte: UInt8) -> Float {
    let code = ~byte, exponent = Int(code >> 4) & 7, mantissa = Int(code & 15)
    let magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84
    return Float(code & 0x80 != 0 ? -magnitude : magnitude) / 32_768
  }
}
