import CFFmpeg
import EdgepipeCore

/// A picture as it came out of the decoder, not yet turned upright.
struct DecodedFrame {
  var picture: DecodedPicture
  /// The best guess of its presentation time, on the stream's own clock.
  var time: MediaTime?
  /// The ``Packet/key`` of the packet that it came in.
  var key: Int64?
  /// The decoder had to guess parts of it.
  var isDamaged: Bool
  /// Set when the picture itself says how it must be turned (EXIF, SEI), which goes before the container's word.
  var orientation: Orientation?
}

/// How a decoder works.
package struct DecoderOptions: Sendable {
  /// What a decoder leaves out to save time.
  enum SkippedFrames: String, Codable, Sendable, CaseIterable { case none, nonReference, nonKey }
  package enum SkippedLoopFilter: String, Codable, Sendable, CaseIterable { case none, nonReference, all }

  /// Decoding threads; 0 for as many as there are processors.
  var threads = 1
  /// Gives each picture out as soon as it is decoded: no thread holds one back.
  var isLive = false
  var skippedFrames = SkippedFrames.none
  var skippedLoopFilter = SkippedLoopFilter.none
  /// Each packet is the file of a picture: one that ends early is refused. (Frames of cameras that send Motion JPEG
  /// often lack their last bytes, and are shown.)
  var isStill = false
}

/// An opened video decoder: owns one AVCodecContext and its threads. Used by one thread.
@safe final class VideoDecoder {
  private var context: UnsafeMutablePointer<AVCodecContext>?
  private var frame: UnsafeMutablePointer<AVFrame>?
  private let timeBase: AVRational
  private let recording: DecoderRecording?
  private let isStill: Bool
  private let isJPEG: Bool
  private let isGIF: Bool
  private let containerAspect: AVRational
  private let containerColor: ContainerColor
  /// What the file of the last packet says beside its pixels.
  private var still: StillFacts?

  enum Output {
    case frame(DecodedFrame)
    case needsInput
    case end
    case failed(String)
  }

  /// - Throws: ``PipelineError`` `malformed` with `endStream` when no decoder takes the track.
  convenience init(
    _ demuxer: Demuxer, _ options: DecoderOptions = DecoderOptions(), name: String, recording: DecoderRecording? = nil
  ) throws(PipelineError) {
    try self.init(CodecFormat(demuxer), options, name: name, recording: recording)
  }

  /// - Parameter recording: remembers what is asked of the decoder.
  init(_ format: CodecFormat, _ options: DecoderOptions, name: String, recording: DecoderRecording? = nil)
    throws(PipelineError)
  {
    let codecName = format.codecName
    func refused(_ reason: String) -> PipelineError {
      PipelineError(
        "cannot decode '\(name)' (\(codecName)): \(reason)",
        remedy: "convert it with ffmpeg to a codec that this FFmpeg decodes", consequence: .endStream,
        code: .unsupported)
    }
    self.recording = recording
    timeBase = format.timeBase
    containerAspect = format.containerAspect
    containerColor = format.containerColor
    isStill = options.isStill
    let id = unsafe format.withParameters { unsafe $0.pointee.codec_id }
    isJPEG = id == AV_CODEC_ID_MJPEG
    isGIF = id == AV_CODEC_ID_GIF
    // SAFETY: the parameters belong to `format` and are copied; the codec description is static.
    let codec = unsafe format.withParameters { unsafe avcodec_find_decoder($0.pointee.codec_id) }
    guard let codec = unsafe codec else { throw refused("no decoder for it in this FFmpeg") }
    var context = unsafe avcodec_alloc_context3(codec)
    guard let opened = unsafe context else { throw .outOfMemory("a decoder") }
    let copied = unsafe format.withParameters { unsafe avcodec_parameters_to_context(opened, $0) }
    unsafe opened.pointee.pkt_timebase = timeBase
    unsafe opened.pointee.thread_count = Int32(clamping: options.threads)
    unsafe opened.pointee.max_pixels = Int64(PictureLimits.area)
    if options.isLive {
      // Threads that share out whole pictures would each hold one back.
      unsafe opened.pointee.thread_type = FF_THREAD_SLICE
      unsafe opened.pointee.flags |= AV_CODEC_FLAG_LOW_DELAY
    }
    // Otherwise decoders pass on what they have of a picture whose data is cut off. That for TIFF would refuse every tag
    // that it does not know as well; its reader here looks for what is missing.
    if isStill, id != AV_CODEC_ID_TIFF { unsafe opened.pointee.err_recognition |= AV_EF_EXPLODE }
    unsafe opened.pointee.skip_frame = options.skippedFrames.discard
    unsafe opened.pointee.skip_loop_filter = options.skippedLoopFilter.discard
    let status = copied < 0 ? copied : unsafe avcodec_open2(opened, codec, nil)
    let frame = unsafe av_frame_alloc()
    guard status >= 0, unsafe frame != nil else {
      unsafe avcodec_free_context(&context)
      throw refused(avErrorText(status))
    }
    unsafe self.frame = frame
    unsafe self.context = context
    recording?.opened(format, options, threads: threadCount)
  }

  deinit {
    // SAFETY: both were allocated in init and are freed here alone; freeing joins the decoder's threads.
    unsafe av_frame_free(&frame)
    unsafe avcodec_free_context(&context)
  }

  /// The number of threads that really decode.
  var threadCount: Int { unsafe context.map { unsafe Int($0.pointee.thread_count) } ?? 0 }

  /// Frames a second as the coded pictures themselves state it, once one is decoded.
  var statedRate: Double? {
    // SAFETY: the context is open until deinit.
    guard let rate = unsafe context?.pointee.framerate, rate.num > 0, rate.den > 0 else { return nil }
    return Double(rate.num) / Double(rate.den)
  }

  /// Hands a packet in, or nil at the end of the stream. Call ``receive()`` until it needs input before each call.
  ///
  /// - Returns: nil, or FFmpeg's reason for refusing the packet.
  func send(_ packet: Packet?) -> String? {
    if let packet, let problem = inspect(packet) { return problem }
    recording?.sent(packet)
    // SAFETY: the context is open until deinit; the packet is only read.
    let status =
      if let packet {
        unsafe packet.withHandle { unsafe avcodec_send_packet(context, $0) }
      } else {
        unsafe avcodec_send_packet(context, nil)
      }
    return status >= 0 || status == ep_error_eof() ? nil : avErrorText(status)
  }

  /// Reads what decoders leave out of the files of pictures; returns what is wrong with one.
  private func inspect(_ packet: Packet) -> String? {
    guard isStill || isGIF else { return nil }
    if isStill { _ = MediaLosses.take() }
    still = packet.withBytes { isGIF ? StillFacts(isWhole: GIFFile.isWhole($0, needsTrailer: false)) : StillFacts($0) }
    return still?.isWhole == false ? StillFault.endsEarly : nil
  }

  /// Forgets every picture, so that decoding can start anew with a key frame. Also after the end of the stream.
  func flush() {
    recording?.flushed()
    // SAFETY: the context is open until deinit.
    if let context = unsafe context { unsafe avcodec_flush_buffers(context) }
  }

  func receive() -> Output {
    recording?.askedForPicture()
    guard let context = unsafe context, let frame = unsafe frame else { return .end }
    // SAFETY: `frame` is this decoder's own and empty; what it receives is moved out or released below.
    let status = unsafe avcodec_receive_frame(context, frame)
    if status == ep_error_again() { return .needsInput }
    if status == ep_error_eof() { return .end }
    if status < 0 { return .failed(avErrorText(status)) }
    let width = unsafe Int(frame.pointee.width), height = unsafe Int(frame.pointee.height)
    guard width > 0, height > 0, PictureLimits.allow(width: width, height: height),
      let picture = unsafe av_frame_alloc()
    else {
      unsafe av_frame_unref(frame)
      return .failed("a picture of \(width) x \(height) pixels: \(PictureLimits.text)")
    }
    let pts = unsafe frame.pointee.pts, dts = unsafe frame.pointee.pkt_dts
    let matrix = unsafe ep_frame_display_matrix(frame).map { unsafe Array(UnsafeBufferPointer(start: $0, count: 9)) }
    if isStill, MediaLosses.take().rows > 0 {
      unsafe av_frame_unref(frame)
      return .failed(StillFault.endsEarly)
    }
    unsafe frame.pointee.sample_aspect_ratio = pixelShape(of: frame)
    unsafe containerColor.complete(frame)
    let isDamaged = unsafe frame.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0 || frame.pointee.decode_error_flags != 0
    let time = unsafe MediaTime(timestamp: frame.pointee.best_effort_timestamp, timeBase: timeBase)
    unsafe av_frame_move_ref(picture, frame)
    return .frame(
      DecodedFrame(
        picture: unsafe DecodedPicture(taking: picture, isJPEG: isJPEG), time: time,
        key: pts != ep_nopts() ? pts : dts != ep_nopts() ? dts : nil, isDamaged: isDamaged,
        orientation: matrix.map { Orientation(displayMatrix: $0) }
          ?? still?.orientation.flatMap { Orientation(exif: $0) }))
  }

  /// The container's word, the picture file's, then the codec's: as players have it.
  private func pixelShape(of frame: UnsafePointer<AVFrame>) -> AVRational {
    if containerAspect.num > 0, containerAspect.den > 0, !isStill { return containerAspect }
    if isStill, let shape = still?.pixelShape {
      return AVRational(num: Int32(clamping: shape.width), den: Int32(clamping: shape.height))
    }
    return unsafe frame.pointee.sample_aspect_ratio
  }
}

extension DecoderOptions.SkippedFrames {
  fileprivate var discard: AVDiscard {
    switch self {
    case .none: AVDISCARD_DEFAULT
    case .nonReference: AVDISCARD_NONREF
    case .nonKey: AVDISCARD_NONKEY
    }
  }
}

extension DecoderOptions.SkippedLoopFilter {
  fileprivate var discard: AVDiscard {
    switch self {
    case .none: AVDISCARD_DEFAULT
    case .nonReference: AVDISCARD_NONREF
    case .all: AVDISCARD_ALL
    }
  }
}
