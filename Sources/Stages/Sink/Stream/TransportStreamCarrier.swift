import CFFmpeg
import EdgepipeCore

/// Sends a stream as MPEG-TS in UDP packets: nobody answers, so that a receiver that is not there is not noticed. Used by
/// one thread.
@safe final class TransportStreamCarrier: StreamCarrier {
  /// Seven packets of MPEG-TS: the most that fits into one of Ethernet.
  private static let packetBytes = 1316

  private let name: String
  private let guardian: ReadGuard
  // SAFETY: set in init, freed once in deinit, and only used during calls.
  private var context: UnsafeMutablePointer<AVFormatContext>?
  private var firstTicks: Int64?
  private var hasHeader = false

  init(url: String, _ video: VideoDescription, guardian: ReadGuard) throws(StreamLoss) {
    MediaLibrary.prepare()
    name = URLRedaction.redact(url)
    self.guardian = guardian
    do throws(PipelineError) { try open(url, video) } catch { throw StreamLoss(error.scrubbed(of: url)) }
  }

  private func open(_ url: String, _ video: VideoDescription) throws(PipelineError) {
    // SAFETY: the context is written by the call and freed in deinit; names are copied.
    try avCheck(
      unsafe avformat_alloc_output_context2(&context, nil, "mpegts", nil), "cannot create an MPEG-TS stream",
      code: .unavailable)
    guard let context = unsafe context else { throw .outOfMemory("an MPEG-TS stream") }
    try unsafe video.addTrack(to: context)
    unsafe context.pointee.flags |= AVFMT_FLAG_FLUSH_PACKETS
    unsafe context.pointee.interrupt_callback = guardian.interruption
    _ = ServerAnswer.take()
    let options = MediaOptions(["pkt_size": "\(Self.packetBytes)"])
    let status = unsafe options.withHandle { dictionary in
      // SAFETY: the guard outlives the context, which keeps the pointer to it.
      unsafe avio_open2(&context.pointee.pb, url, AVIO_FLAG_WRITE, &context.pointee.interrupt_callback, &dictionary)
    }
    if status < 0, let unresolved = ServerAnswer.take().unresolved {
      throw PipelineError(
        "cannot send to '\(name)': the name of the host cannot be resolved (\(unresolved))",
        remedy: "check the name in the address, and this machine's name server and network", code: .unreachable)
    }
    try check(status)
    try check(unsafe avformat_write_header(context, nil))
    hasHeader = true
  }

  deinit {
    guard let context = unsafe context else { return }
    if unsafe context.pointee.pb != nil { unsafe avio_closep(&context.pointee.pb) }
    unsafe avformat_free_context(context)
  }

  func send(_ picture: EncodedPicture) throws(StreamLoss) {
    guard let context = unsafe context, let stream = unsafe context.pointee.streams[0] else { return }
    let first = firstTicks ?? picture.ticks
    firstTicks = first
    let code = unsafe picture.withPacket(ticks: picture.ticks - first, duration: 0, in: stream.pointee.time_base) {
      unsafe av_write_frame(context, $0)
    }
    do throws(PipelineError) {
      try check(code)
      try check(unsafe context.pointee.pb?.pointee.error ?? 0)
    } catch { throw StreamLoss(error) }
  }

  func finish() throws(StreamLoss) {
    guard let context = unsafe context, hasHeader else { return }
    hasHeader = false
    unsafe av_write_trailer(context)
  }

  private func check(_ code: Int32) throws(PipelineError) {
    try avCheck(
      code, "cannot send to '\(name)'", remedy: "check the address and this machine's network", code: .unreachable)
  }
}
