import CFFmpeg
import EdgepipeCore

/// Writes one video stream into a fragmented MP4 file: owns the muxer and the open file. Used by one thread.
///
/// A fragment goes to disk with each key frame and the file begins with its description, so that a file whose writer
/// was killed plays up to the last whole fragment.
@safe final class FragmentedMP4Writer {
  let path: String
  // SAFETY: set in init, freed once in deinit, and only used during calls.
  private var context: UnsafeMutablePointer<AVFormatContext>?
  private var hasHeader = false
  private var isFinished = false
  private var lastTicks: Int64?
  /// Keeps others from writing the same file.
  private let lock: OutputFile

  /// Opens `path`, replacing what is there.
  ///
  /// - Throws: `writeFailed` with the path and the reason, also when another sink or program writes it.
  init(path: String, encoder: VideoEncoder) throws(PipelineError) {
    self.path = path
    lock = try OutputFile(path: path)
    // SAFETY: the context is written by the call and freed in deinit; names are copied.
    try avCheck(
      unsafe avformat_alloc_output_context2(&context, nil, "mp4", nil), "cannot create an MP4 file", code: .unavailable)
    guard let context = unsafe context, let stream = unsafe avformat_new_stream(context, nil) else {
      throw PipelineError("cannot create an MP4 file '\(path)'", code: .internalFault)
    }
    try unsafe encoder.describe(stream.pointee.codecpar)
    unsafe stream.pointee.sample_aspect_ratio = stream.pointee.codecpar.pointee.sample_aspect_ratio
    unsafe stream.pointee.time_base = AVRational(num: 1, den: VideoEncoder.ticksPerSecond)
    unsafe context.pointee.flags |= AVFMT_FLAG_FLUSH_PACKETS
    // The prefix keeps a colon in the name from being read as a protocol.
    try failing("open", unsafe avio_open(&context.pointee.pb, "file:" + path, AVIO_FLAG_WRITE))
    var options: OpaquePointer?
    unsafe av_dict_set(&options, "movflags", "frag_keyframe+empty_moov+default_base_moof", 0)
    let code = unsafe avformat_write_header(context, &options)
    unsafe av_dict_free(&options)
    try failing("write", code)
    hasHeader = true
  }

  deinit {
    guard let context = unsafe context else { return }
    if unsafe context.pointee.pb != nil { unsafe avio_closep(&context.pointee.pb) }
    unsafe avformat_free_context(context)
  }

  /// Writes one packet with times in the encoder's ticks.
  func write(_ packet: UnsafeMutablePointer<AVPacket>) throws(PipelineError) {
    guard let context = unsafe context, let stream = unsafe context.pointee.streams[0] else { return }
    // SAFETY: the packet is the caller's, and the muxer copies what it keeps.
    unsafe packet.pointee.stream_index = 0
    // The last frame of a fragment lasts as long as the one before it; the next fragment has a time of its own.
    let ticks = unsafe packet.pointee.dts
    if let lastTicks, unsafe packet.pointee.duration <= 0 {
      unsafe packet.pointee.duration = max(1, ticks &- lastTicks)
    }
    lastTicks = ticks
    unsafe av_packet_rescale_ts(
      packet, AVRational(num: 1, den: VideoEncoder.ticksPerSecond), stream.pointee.time_base)
    try failing("write", unsafe av_write_frame(context, packet))
    try checkFile()
  }

  /// Writes the last fragment and closes the file.
  func finish() throws(PipelineError) {
    guard let context = unsafe context, hasHeader, !isFinished else { return }
    isFinished = true
    let code = unsafe av_write_trailer(context)
    try failing("write", code)
    try checkFile()
    // SAFETY: closes and clears the file; deinit finds nothing left to close.
    try failing("close", unsafe avio_closep(&context.pointee.pb))
  }

  /// The file layer remembers the first error of a write that was buffered.
  private func checkFile() throws(PipelineError) {
    guard let file = unsafe context?.pointee.pb else { return }
    try failing("write", unsafe file.pointee.error)
  }

  private func failing(_ attempt: String, _ code: Int32) throws(PipelineError) {
    // FFmpeg's codes for what the system refuses are the system's numbers, negated.
    if code < 0, code > -4096 { throw OutputPath.failure(attempt, path, errno: -code) }
    try avCheck(code, "cannot \(attempt) '\(path)'", remedy: "choose another path", code: .writeFailed)
  }
}
