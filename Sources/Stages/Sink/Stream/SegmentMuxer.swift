import CFFmpeg
import EdgepipeCore

/// Makes the parts of a fragmented MP4 stream in memory: first what all segments need, then a segment at a time. Used by
/// one thread.
@safe final class SegmentMuxer {
  // SAFETY: set in init, freed once in deinit, and only used during calls.
  private var context: UnsafeMutablePointer<AVFormatContext>?
  /// The description of the track, that players read first.
  private(set) var initialization: [UInt8] = []

  init(_ video: VideoDescription) throws(PipelineError) {
    MediaLibrary.prepare()
    // SAFETY: the context is written by the call and freed in deinit; names are copied.
    try avCheck(
      unsafe avformat_alloc_output_context2(&context, nil, "mp4", nil), "cannot create MP4 segments", code: .unavailable
    )
    guard let context = unsafe context else { throw .outOfMemory("MP4 segments") }
    try unsafe video.addTrack(to: context)
    try unsafe open(context)
    var options: OpaquePointer?
    unsafe av_dict_set(&options, "movflags", "frag_custom+empty_moov+default_base_moof+skip_trailer", 0)
    let code = unsafe avformat_write_header(context, &options)
    unsafe av_dict_free(&options)
    try avCheck(code, "cannot create MP4 segments", code: .internalFault)
    initialization = try unsafe take(context)
  }

  deinit {
    guard let context = unsafe context else { return }
    unsafe discard(context)
    unsafe avformat_free_context(context)
  }

  /// Adds a picture to the segment; times in 1/90000 s.
  func add(_ picture: EncodedPicture, ticks: Int64, duration: Int64) throws(PipelineError) {
    guard let context = unsafe context, let stream = unsafe context.pointee.streams[0] else { return }
    let code = unsafe picture.withPacket(ticks: ticks, duration: duration, in: stream.pointee.time_base) {
      unsafe av_write_frame(context, $0)
    }
    try avCheck(code, "cannot write an MP4 segment", code: .internalFault)
  }

  /// Ends the segment.
  func cut() throws(PipelineError) -> [UInt8] {
    guard let context = unsafe context else { return [] }
    try avCheck(unsafe av_write_frame(context, nil), "cannot end an MP4 segment", code: .internalFault)
    return try unsafe take(context)
  }

  private func open(_ context: UnsafeMutablePointer<AVFormatContext>) throws(PipelineError) {
    // SAFETY: the call stores a buffer of its own, which `take` or `discard` closes.
    try avCheck(unsafe avio_open_dyn_buf(&context.pointee.pb), "cannot allocate memory", code: .internalFault)
  }

  /// What was written since the last time.
  private func take(_ context: UnsafeMutablePointer<AVFormatContext>) throws(PipelineError) -> [UInt8] {
    var bytes: UnsafeMutablePointer<UInt8>?
    // SAFETY: closes what `open` opened, and hands over `count` bytes, which are copied and freed.
    let count = unsafe Int(avio_close_dyn_buf(context.pointee.pb, &bytes))
    unsafe context.pointee.pb = nil
    let copy = unsafe Array(UnsafeBufferPointer(start: bytes, count: bytes == nil ? 0 : max(0, count)))
    unsafe av_free(bytes)
    try unsafe open(context)
    return copy
  }

  private func discard(_ context: UnsafeMutablePointer<AVFormatContext>) {
    guard let buffer = unsafe context.pointee.pb else { return }
    var bytes: UnsafeMutablePointer<UInt8>?
    _ = unsafe avio_close_dyn_buf(buffer, &bytes)
    unsafe av_free(bytes)
    unsafe context.pointee.pb = nil
  }
}
