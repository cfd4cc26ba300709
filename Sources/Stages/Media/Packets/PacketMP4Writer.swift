import CFFmpeg
import EdgepipeCore

/// Writes packets as they are into a fragmented MP4 file: owns the muxer and the open file. Used by one thread.
///
/// The file begins with its description, and a fragment goes to disk with each key frame and each second, so that a file
/// whose writer was killed plays up to the last whole fragment. Packets in Annex B form become length-prefixed.
@safe final class PacketMP4Writer {
  enum Track: Int { case video = 0, audio = 1 }

  let path: String
  /// Whole fragments, in bytes.
  private(set) var bytes: Int64 = 0
  /// What the description at the beginning takes.
  private(set) var headerBytes: Int64 = 0
  // SAFETY: set in init, freed once in deinit, and only used during calls.
  private var context: UnsafeMutablePointer<AVFormatContext>?
  private var packet: UnsafeMutablePointer<AVPacket>?
  private let target: Target
  private let timeBases: [AVRational]
  private var lastDecoded: [Int64?] = [nil, nil]
  /// In the clock of the file, for each track.
  private var lastWritten: [Int64?] = [nil, nil]

  /// What a run that is killed loses at most, beside what is not read yet.
  private static let fragmentMicroseconds = 1_000_000
  private static let bufferBytes = 64 << 10

  /// Takes what the muxer writes.
  private final class Target {
    /// Keeps others from writing the same file.
    let file: OutputFile
    var written: Int64 = 0
    /// The system's number of the first error.
    var error: Int32?

    init(_ file: OutputFile) { self.file = file }
  }

  /// Whether MP4 can hold pictures in this form.
  static func takes(_ codec: AVCodecID) -> Bool {
    MediaLibrary.prepare()
    // SAFETY: the name is a terminated copy; muxers are static.
    guard let muxer = unsafe av_guess_format("mp4", nil, nil) else { return false }
    return unsafe avformat_query_codec(muxer, codec, FF_COMPLIANCE_NORMAL) == 1
  }

  /// Whether sound in this form gets into the file: AAC as it is, G.711 as AAC.
  static func takesAudio(_ codec: AVCodecID) -> Bool { codec == AV_CODEC_ID_AAC || AACTranscoder.takes(codec) }

  /// Opens `path`, replacing what is there.
  ///
  /// - Throws: `writeFailed` with the path and the reason, also when another sink or program writes it.
  init(path: String, video: TrackParameters, audio: TrackParameters?) throws(PipelineError) {
    self.path = path
    let tracks = [video] + (audio.map { [$0] } ?? [])
    timeBases = tracks.map(\.timeBase)
    target = Target(try OutputFile(path: path))
    try target.file.cut(to: 0)
    // SAFETY: the context is written by the call and freed in deinit; names are copied.
    try avCheck(
      unsafe avformat_alloc_output_context2(&context, nil, "mp4", nil), "cannot create an MP4 file", code: .unavailable)
    unsafe packet = av_packet_alloc()
    guard let context = unsafe context, unsafe packet != nil else { throw .outOfMemory("an MP4 file") }
    for track in tracks { try unsafe Self.add(track, to: context) }
    try unsafe openOutput(context)
    unsafe context.pointee.flags |= AVFMT_FLAG_FLUSH_PACKETS | AVFMT_FLAG_CUSTOM_IO
    var options: OpaquePointer?
    unsafe av_dict_set(&options, "movflags", "frag_keyframe+empty_moov+default_base_moof", 0)
    unsafe av_dict_set(&options, "frag_duration", String(Self.fragmentMicroseconds), 0)
    let code = unsafe avformat_write_header(context, &options)
    unsafe av_dict_free(&options)
    if code >= 0 { unsafe avio_flush(context.pointee.pb) }
    try failing("write", code)
    (headerBytes, bytes) = (target.written, target.written)
  }

  deinit {
    unsafe av_packet_free(&packet)
    guard let context = unsafe context else { return }
    // SAFETY: the buffer may have been replaced by FFmpeg and belongs to the I/O context, which is ours.
    if let io = unsafe context.pointee.pb {
      unsafe av_freep(&io.pointee.buffer)
      unsafe avio_context_free(&context.pointee.pb)
    }
    unsafe avformat_free_context(context)
  }

  private static func add(
    _ track: TrackParameters, to context: UnsafeMutablePointer<AVFormatContext>
  ) throws(PipelineError) {
    guard let stream = unsafe avformat_new_stream(context, nil) else { throw .outOfMemory("an MP4 file") }
    // SAFETY: both are live; the copy owns its own extra data.
    let status = unsafe track.withParameters { unsafe avcodec_parameters_copy(stream.pointee.codecpar, $0) }
    guard status >= 0 else { throw .outOfMemory("an MP4 file") }
    // MP4's own name, except that players of Apple want HEVC's parameters in the description alone.
    unsafe stream.pointee.codecpar.pointee.codec_tag = track.codec == AV_CODEC_ID_HEVC ? hvc1 : 0
    unsafe stream.pointee.time_base = track.timeBase
    unsafe stream.pointee.sample_aspect_ratio = stream.pointee.codecpar.pointee.sample_aspect_ratio
    guard track.displayMatrix.count == 9 else { return }
    guard let matrix = unsafe ep_new_display_matrix(stream) else { throw .outOfMemory("an MP4 file") }
    // SAFETY: the side data has room for nine numbers and belongs to the stream.
    unsafe track.displayMatrix.withUnsafeBytes {
      unsafe UnsafeMutableRawBufferPointer(start: matrix, count: 36).copyMemory(from: $0)
    }
  }

  private static let hvc1 = UInt32(bigEndian: 0x6876_6331)

  private func openOutput(_ context: UnsafeMutablePointer<AVFormatContext>) throws(PipelineError) {
    guard let buffer = unsafe av_malloc(Self.bufferBytes) else { throw .outOfMemory("an MP4 file") }
    // SAFETY: `target` is kept by this object, which frees the I/O context, and with it every caller of the callback.
    let output = unsafe ep_avio_output(
      buffer.assumingMemoryBound(to: UInt8.self), Int32(Self.bufferBytes), Unmanaged.passUnretained(target).toOpaque(),
      { opaque, bytes, count in
        guard let opaque = unsafe opaque, let bytes = unsafe bytes else { return ep_error_from_errno(EIO) }
        let target = unsafe Unmanaged<Target>.fromOpaque(opaque).takeUnretainedValue()
        if let error = target.error { return ep_error_from_errno(error) }
        let data = unsafe Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
        let (written, error) = DescriptorWriting.write(data, to: target.file.descriptor)
        target.written += Int64(written)
        target.error = error
        return error.map { ep_error_from_errno($0) } ?? count
      })
    guard let output = unsafe output else {
      unsafe av_free(buffer)
      throw .outOfMemory("an MP4 file")
    }
    unsafe context.pointee.pb = output
  }

  /// Writes one packet, whose times are in ticks of its track's clock from the file's beginning.
  func write(
    _ source: UnsafePointer<AVPacket>, _ track: Track, shown: Int64, decoded: Int64, duration: Int64, skipping: Int = 0
  ) throws(PipelineError) {
    guard let context = unsafe context, let packet = unsafe packet, track.rawValue < timeBases.count,
      let stream = unsafe context.pointee.streams[track.rawValue]
    else { return }
    // SAFETY: the reference is let go of when the muxer has copied what it keeps.
    guard unsafe av_packet_ref(packet, source) >= 0 else { throw .outOfMemory("a packet") }
    defer { unsafe av_packet_unref(packet) }
    if skipping > 0, unsafe Int(packet.pointee.size) > skipping {
      unsafe packet.pointee.data = packet.pointee.data?.advanced(by: skipping)
      unsafe packet.pointee.size -= Int32(skipping)
    }
    unsafe packet.pointee.stream_index = Int32(track.rawValue)
    unsafe packet.pointee.pts = shown
    unsafe packet.pointee.dts = decoded
    // The last picture of a fragment lasts as long as the one before it; the next fragment has a time of its own.
    let step = lastDecoded[track.rawValue].map { max(1, decoded &- $0) } ?? 0
    unsafe packet.pointee.duration = duration > 0 ? duration : step
    lastDecoded[track.rawValue] = decoded
    unsafe av_packet_rescale_ts(packet, timeBases[track.rawValue], stream.pointee.time_base)
    // Two instants of a fine clock may be one of the file's, and the muxer takes only times that rise.
    if let last = lastWritten[track.rawValue], unsafe packet.pointee.dts <= last {
      unsafe packet.pointee.dts = last &+ 1
      unsafe packet.pointee.pts = max(packet.pointee.pts, packet.pointee.dts)
    }
    lastWritten[track.rawValue] = unsafe packet.pointee.dts
    try failing("write", unsafe av_write_frame(context, packet))
    bytes = target.written
  }

  /// Writes the last fragment and closes the file.
  func finish() throws(PipelineError) {
    guard let context = unsafe context else { return }
    let code = unsafe av_write_trailer(context)
    if code >= 0 { unsafe avio_flush(context.pointee.pb) }
    try failing("write", code)
    bytes = target.written
  }

  /// After a failed write: takes back what is no whole fragment.
  func abandon() { try? target.file.cut(to: bytes) }

  private func failing(_ attempt: String, _ code: Int32) throws(PipelineError) {
    if let error = target.error { throw OutputPath.failure(attempt, path, errno: error) }
    try avCheck(code, "cannot \(attempt) '\(path)'", code: .writeFailed)
  }
}
