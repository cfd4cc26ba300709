import CFFmpeg
import EdgepipeCore

/// An H.264 encoder: owns the codec context. Used by one thread.
@safe final class VideoEncoder {
  struct Settings: Sendable, Hashable {
    /// In pixels; even.
    var width: Int
    var height: Int
    /// libx264's speed: `ultrafast` ... `veryslow`.
    var preset = "ultrafast"
    /// Constant rate factor, 0 (lossless) ... 51.
    var crf = 23
    var threads = 1
    /// Each picture comes out at once: none waits for the ones after it.
    var isLowDelay = false
    /// The most kilobits a second, held over each second; nil for what quality needs.
    var maxKbps: Int?
    var tags = VideoTags()
  }

  /// Ticks a second of every time that goes in and comes out.
  static let ticksPerSecond: Int32 = 90_000
  /// Encoders in the order in which they are tried.
  static let candidates = ["libx264", "libopenh264", "h264_v4l2m2m"]

  /// The encoder really in use.
  let name: String
  private let stage: String
  private let census: ThreadCensus
  // SAFETY: set in init, freed once in deinit, and only lent out during calls.
  private var context: UnsafeMutablePointer<AVCodecContext>?
  private var packet: UnsafeMutablePointer<AVPacket>?

  /// - Throws: `unavailable` when FFmpeg has no H.264 encoder, `malformed` when it refuses the size.
  init(_ settings: Settings, stage: String, census: ThreadCensus) throws(PipelineError) {
    self.stage = stage
    self.census = census
    MediaLibrary.prepare()
    let found = try Self.find()
    guard let codec = unsafe avcodec_find_encoder_by_name(found) else {
      throw PipelineError("the encoder \(found) has gone", code: .internalFault)
    }
    name = found
    unsafe context = avcodec_alloc_context3(codec)
    unsafe packet = av_packet_alloc()
    guard let context = unsafe context, unsafe packet != nil else {
      throw PipelineError("cannot allocate memory for a video encoder", code: .internalFault)
    }
    // SAFETY: a fresh context, ours alone.
    unsafe context.pointee.width = Int32(clamping: settings.width)
    unsafe context.pointee.height = Int32(clamping: settings.height)
    unsafe context.pointee.pix_fmt = AV_PIX_FMT_YUV420P
    unsafe settings.tags.describe(context)
    unsafe context.pointee.time_base = AVRational(num: 1, den: Self.ticksPerSecond)
    // A hint for rate control and the level only: frames carry their own times.
    unsafe context.pointee.framerate = AVRational(num: 30, den: 1)
    // Key frames are asked for by time; this only bounds their distance.
    unsafe context.pointee.gop_size = 600
    unsafe context.pointee.thread_count = Int32(clamping: settings.threads)
    unsafe context.pointee.flags |= Int32(AV_CODEC_FLAG_GLOBAL_HEADER)
    var options: OpaquePointer?
    if found == "libx264" {
      // SAFETY: the dictionary copies keys and values, and is freed below.
      unsafe av_dict_set(&options, "preset", settings.preset, 0)
      unsafe av_dict_set(&options, "crf", String(settings.crf), 0)
      unsafe av_dict_set(&options, "forced-idr", "1", 0)
      if settings.isLowDelay { unsafe av_dict_set(&options, "tune", "zerolatency", 0) }
      if let rate = settings.maxKbps {
        unsafe context.pointee.rc_max_rate = Int64(rate) * 1000
        unsafe context.pointee.rc_buffer_size = Int32(clamping: rate * 1000)
      }
    } else {
      // A tenth of a bit a pixel at the hinted rate: about what the default rate factor gives on street scenes.
      let usual = Int64(settings.width) * Int64(settings.height) * 3
      unsafe context.pointee.bit_rate = settings.maxKbps.map { min(usual, Int64($0) * 1000) } ?? usual
    }
    let code = census.adopt(stage: stage) { unsafe avcodec_open2(context, codec, &options) }
    unsafe av_dict_free(&options)
    try avCheck(code, "cannot open the video encoder \(found) for \(settings.width)x\(settings.height) pixels")
  }

  /// The first of the encoders that this FFmpeg has.
  ///
  /// - Throws: `unavailable` when it has none.
  @discardableResult
  static func find() throws(PipelineError) -> String {
    // SAFETY: the names are terminated copies; encoders are static.
    if let found = candidates.first(where: { unsafe avcodec_find_encoder_by_name($0) != nil }) { return found }
    throw PipelineError(
      "this FFmpeg has no H.264 encoder (tried \(candidates.joined(separator: ", ")))",
      remedy: "install an FFmpeg with libx264, or remove the stage", code: .unavailable)
  }

  deinit {
    census.sampleBeforeRelease(stage: stage)
    unsafe av_packet_free(&packet)
    unsafe avcodec_free_context(&context)
  }

  /// Encodes one picture, or with nil takes out what is left, and lends each finished packet to `body`.
  ///
  /// - Parameters:
  ///   - time: in ticks, higher than that of the picture before.
  ///   - isKey: asks for a key frame.
  func encode(
    _ picture: PictureCopy?, time: Int64 = 0, isKey: Bool = false,
    _ body: (UnsafeMutablePointer<AVPacket>) throws -> Void
  ) throws {
    guard let context = unsafe context, let packet = unsafe packet else { return }
    if let picture {
      try unsafe picture.withFrame { frame in
        // SAFETY: the frame belongs to `picture`; the encoder takes its own reference.
        unsafe frame.pointee.pts = time
        unsafe frame.pointee.pict_type = isKey ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE
        try avCheck(
          unsafe avcodec_send_frame(context, frame), "cannot encode a picture with \(name)", code: .internalFault)
      }
    } else {
      let code = unsafe avcodec_send_frame(context, nil)
      if code != ep_error_eof() { try avCheck(code, "cannot finish encoding with \(name)", code: .internalFault) }
    }
    while true {
      let code = unsafe avcodec_receive_packet(context, packet)
      if code == ep_error_again() || code == ep_error_eof() { return }
      try avCheck(code, "cannot encode with \(name)", code: .internalFault)
      defer { unsafe av_packet_unref(packet) }
      try unsafe body(packet)
    }
  }

  /// Fills in what a container must know of the stream.
  func describe(_ parameters: UnsafeMutablePointer<AVCodecParameters>) throws(PipelineError) {
    guard let context = unsafe context else { return }
    // SAFETY: both are alive; the call copies.
    try avCheck(
      unsafe avcodec_parameters_from_context(parameters, context), "cannot describe the video", code: .internalFault)
  }
}
