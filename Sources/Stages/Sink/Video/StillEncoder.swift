import CFFmpeg
import EdgepipeCore

/// Encodes single pictures of one size as JPEG or PNG files: owns the codec context. Used by one thread.
@safe package final class StillEncoder {
  package enum Format: String, Sendable, CaseIterable {
    case jpeg
    case png

    package var fileExtension: String { self == .jpeg ? "jpg" : "png" }
  }

  /// In pixels.
  let width: Int
  let height: Int
  // SAFETY: all are set in init, freed once in deinit, and only used during calls.
  private var context: UnsafeMutablePointer<AVCodecContext>?
  private var packet: UnsafeMutablePointer<AVPacket>?
  private var frame: UnsafeMutablePointer<AVFrame>?
  /// For PNG; JPEG takes the picture as it is.
  private let converter: PixelConverter?
  private let quality: Int32
  private var number: Int64 = 0

  /// How the pictures that it takes are coded: as JPEG files are.
  static let color = PictureColor.jpeg

  /// - Parameters:
  ///   - quality: 2 (best) ... 31, for JPEG only.
  ///   - isQuick: a tenth less time, for files that are a twentieth larger.
  init(format: Format, width: Int, height: Int, quality: Int, isQuick: Bool = false) throws(PipelineError) {
    self.width = width
    self.height = height
    MediaLibrary.prepare()
    guard let codec = unsafe avcodec_find_encoder(format == .jpeg ? AV_CODEC_ID_MJPEG : AV_CODEC_ID_PNG) else {
      throw PipelineError("this FFmpeg has no \(format.rawValue) encoder", code: .unavailable)
    }
    let pixels = format == .jpeg ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_RGB24
    let (w, h) = (Int32(clamping: width), Int32(clamping: height))
    self.quality = FF_QP2LAMBDA * Int32(clamping: quality)
    converter =
      format == .jpeg
      ? nil
      : try PixelConverter(
        from: .init(width: w, height: h, format: AV_PIX_FMT_YUV420P.rawValue, color: Self.color),
        to: .init(width: w, height: h, format: pixels.rawValue, color: Self.color))
    unsafe context = avcodec_alloc_context3(codec)
    unsafe packet = av_packet_alloc()
    unsafe frame = av_frame_alloc()
    guard let context = unsafe context, let frame = unsafe frame, unsafe packet != nil else {
      throw PipelineError("cannot allocate memory for a \(width)x\(height) picture", code: .internalFault)
    }
    unsafe context.pointee.width = w
    unsafe context.pointee.height = h
    unsafe context.pointee.pix_fmt = pixels
    unsafe context.pointee.time_base = AVRational(num: 1, den: 1)
    unsafe context.pointee.thread_count = 1
    unsafe frame.pointee.width = w
    unsafe frame.pointee.height = h
    unsafe frame.pointee.format = pixels.rawValue
    if format == .jpeg {
      unsafe context.pointee.color_range = AVCOL_RANGE_JPEG
      unsafe context.pointee.flags |= AV_CODEC_FLAG_QSCALE
      unsafe context.pointee.global_quality = self.quality
      if isQuick {
        // The standard's codes in place of the picture's own, which need a second pass. An FFmpeg without that choice has
        // one way only.
        _ = unsafe av_opt_set(context.pointee.priv_data, "huffman", "default", 0)
      }
    } else {
      try avCheck(unsafe av_frame_get_buffer(frame, 0), "cannot allocate memory for a picture", code: .internalFault)
    }
    try avCheck(
      unsafe avcodec_open2(context, codec, nil),
      "cannot open the \(format.rawValue) encoder for \(width)x\(height) pixels", code: .internalFault)
  }

  deinit {
    unsafe av_frame_free(&frame)
    unsafe av_packet_free(&packet)
    unsafe avcodec_free_context(&context)
  }

  /// The file that shows `picture`, which has the encoder's size.
  func encode(_ picture: PictureCopy) throws(PipelineError) -> [UInt8] {
    guard let context = unsafe context, let packet = unsafe packet, let frame = unsafe frame,
      picture.width == width, picture.height == height, picture.color == Self.color
    else { throw PipelineError("a picture of another size reached the encoder", code: .internalFault) }
    let problem: PipelineError? = unsafe picture.withFrame { source in
      do throws(PipelineError) {
        if let converter {
          try avCheck(
            unsafe av_frame_make_writable(frame), "cannot allocate memory for a picture", code: .internalFault)
          try unsafe converter.convert(source, to: frame)
        } else {
          unsafe source.pointee.quality = quality
        }
        let encoded = unsafe converter == nil ? source : frame
        number += 1
        unsafe encoded.pointee.pts = number
        // SAFETY: the encoder takes a reference of its own to the pixels, and gives it back with the packet.
        try avCheck(unsafe avcodec_send_frame(context, encoded), "cannot encode a picture", code: .internalFault)
        return nil
      } catch { return error }
    }
    if let problem { throw problem }
    try avCheck(unsafe avcodec_receive_packet(context, packet), "cannot encode a picture", code: .internalFault)
    defer { unsafe av_packet_unref(packet) }
    // SAFETY: the packet holds `size` bytes until it is let go of below.
    return unsafe Array(UnsafeBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size)))
  }
}
