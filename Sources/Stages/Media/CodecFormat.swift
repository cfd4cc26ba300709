import CFFmpeg
import EdgepipeCore
import Pipeline

/// What a decoder must know of a stream before its first packet: owns one AVCodecParameters. Never changes.
@safe final class CodecFormat {
  private var parameters: UnsafeMutablePointer<AVCodecParameters>?
  let timeBase: AVRational
  /// The shape of a pixel as the container says, which goes before what the pictures say; 0 without its word.
  let containerAspect: AVRational
  let containerColor: ContainerColor

  /// Copies what an open input says of its video track.
  init(_ demuxer: Demuxer) throws(PipelineError) {
    timeBase = unsafe demuxer.withStream { unsafe $0.pointee.time_base }
    containerColor = demuxer.color
    containerAspect = unsafe demuxer.withStream { unsafe $0.pointee.sample_aspect_ratio }
    unsafe parameters = avcodec_parameters_alloc()
    // SAFETY: both are live; the copy owns its own extra data.
    let status = unsafe demuxer.withStream { unsafe avcodec_parameters_copy(parameters, $0.pointee.codecpar) }
    guard unsafe parameters != nil, status >= 0 else { throw .outOfMemory("a decoder") }
  }

  // SAFETY: allocated in init, freed here alone.
  deinit { unsafe avcodec_parameters_free(&parameters) }

  /// The pointer is valid during `body` only.
  func withParameters<Result>(_ body: (UnsafeMutablePointer<AVCodecParameters>) -> Result) -> Result {
    // SAFETY: set in every init that returned, and cleared only in deinit.
    unsafe body(parameters.unsafelyUnwrapped)
  }

  var codecName: String {
    unsafe withParameters { unsafe String(cString: avcodec_get_name($0.pointee.codec_id)) }
  }

  // MARK: - In a trace

  func encode(into out: inout TraceEncoder) {
    out.text(codecName)
    out.integer(Int(timeBase.num))
    out.integer(Int(timeBase.den))
    unsafe withParameters { parameters in
      let values = unsafe parameters.pointee
      unsafe out.integer(Int(values.codec_id.rawValue))
      unsafe out.integer(Int(values.codec_tag))
      unsafe out.integer(Int(values.format))
      unsafe out.integer(values.bit_rate)
      for value in unsafe [
        values.bits_per_coded_sample, values.bits_per_raw_sample, values.profile, values.level, values.width,
        values.height, values.sample_aspect_ratio.num, values.sample_aspect_ratio.den, values.video_delay,
      ] { out.integer(Int(value)) }
      for value in unsafe [
        values.field_order.rawValue, values.color_range.rawValue, values.color_primaries.rawValue,
        values.color_trc.rawValue, values.color_space.rawValue, values.chroma_location.rawValue,
      ] { out.integer(Int(value)) }
      // SAFETY: the parameters own `extradata_size` bytes at `extradata`, or none.
      unsafe out.blob(
        UnsafeRawBufferPointer(start: values.extradata, count: values.extradata == nil ? 0 : Int(values.extradata_size))
      )
    }
    out.integer(Int(containerAspect.num))
    out.integer(Int(containerAspect.den))
    for value in [containerColor.range, containerColor.primaries, containerColor.transfer, containerColor.space] {
      out.integer(Int(value))
    }
  }

  /// - Throws: ``PipelineError`` `malformed` when this FFmpeg does not know the codec, or nobody can.
  init(_ from: inout TraceDecoder) throws(PipelineError) {
    let name = try from.text()
    timeBase = AVRational(num: try from.int32(), den: try from.int32())
    guard let made = unsafe avcodec_parameters_alloc() else { throw .outOfMemory("a decoder") }
    unsafe parameters = made
    let id = AVCodecID(rawValue: UInt32(try from.integer(in: 0...Int(UInt32.max))))
    unsafe made.pointee.codec_type = AVMEDIA_TYPE_VIDEO
    unsafe made.pointee.codec_id = id
    unsafe made.pointee.codec_tag = UInt32(try from.integer(in: 0...Int(UInt32.max)))
    unsafe made.pointee.format = try from.int32()
    unsafe made.pointee.bit_rate = try from.integer()
    unsafe made.pointee.bits_per_coded_sample = try from.int32()
    unsafe made.pointee.bits_per_raw_sample = try from.int32()
    unsafe made.pointee.profile = try from.int32()
    unsafe made.pointee.level = try from.int32()
    unsafe made.pointee.width = try from.int32()
    unsafe made.pointee.height = try from.int32()
    unsafe made.pointee.sample_aspect_ratio = AVRational(num: try from.int32(), den: try from.int32())
    unsafe made.pointee.video_delay = try from.int32()
    unsafe made.pointee.field_order = AVFieldOrder(rawValue: try from.word())
    unsafe made.pointee.color_range = AVColorRange(rawValue: try from.word())
    unsafe made.pointee.color_primaries = AVColorPrimaries(rawValue: try from.word())
    unsafe made.pointee.color_trc = AVColorTransferCharacteristic(rawValue: try from.word())
    unsafe made.pointee.color_space = AVColorSpace(rawValue: try from.word())
    unsafe made.pointee.chroma_location = AVChromaLocation(rawValue: try from.word())
    try unsafe Self.put(try from.blob(), into: made)
    // Earlier versions did not write it.
    if from.isAtEnd {
      (containerAspect, containerColor) = (AVRational(num: 0, den: 1), ContainerColor())
    } else {
      containerAspect = AVRational(num: try from.int32(), den: try from.int32())
      var color = ContainerColor()
      (color.range, color.primaries) = (try from.word(), try from.word())
      (color.transfer, color.space) = (try from.word(), try from.word())
      containerColor = color
    }
    let width = unsafe made.pointee.width, height = unsafe made.pointee.height, format = unsafe made.pointee.format
    let isKnownFormat = unsafe format == -1 || av_pix_fmt_desc_get(AVPixelFormat(rawValue: format)) != nil
    guard timeBase.num > 0, timeBase.den > 0, isKnownFormat, width >= 0, height >= 0,
      PictureLimits.allow(width: Int(width), height: Int(height))
    else { throw TraceDecoder.damaged("no stream is like that") }
    guard codecName == name else {
      throw PipelineError(
        "this FFmpeg has another number for the codec '\(name)' than the trace",
        remedy: "replay it with the FFmpeg that recorded it", consequence: .endStream, code: .unsupported)
    }
  }

  /// FFmpeg wants zeros behind the data.
  private static func put(
    _ extra: [UInt8], into parameters: UnsafeMutablePointer<AVCodecParameters>
  ) throws(PipelineError) {
    guard !extra.isEmpty else { return }
    guard extra.count < 1 << 28, let memory = unsafe av_mallocz(extra.count + Int(AV_INPUT_BUFFER_PADDING_SIZE)) else {
      throw .outOfMemory("a decoder")
    }
    // SAFETY: `memory` has room for all bytes and the padding; the parameters own it from here on.
    unsafe memory.copyMemory(from: extra, byteCount: extra.count)
    unsafe parameters.pointee.extradata = unsafe memory.assumingMemoryBound(to: UInt8.self)
    unsafe parameters.pointee.extradata_size = Int32(extra.count)
  }
}

extension TraceDecoder {
  mutating func int32() throws(PipelineError) -> Int32 {
    Int32(truncatingIfNeeded: try integer(in: Int(Int32.min)...Int(Int32.max)))
  }

  /// One of FFmpeg's enumerations: none has as many cases.
  fileprivate mutating func word() throws(PipelineError) -> UInt32 { UInt32(try integer(in: 0...1023)) }
}
