import CFFmpeg
import EdgepipeCore

/// One encoded picture on its way out. Used by one thread at a time.
final class EncodedPicture {
  /// In 1/90000 s, rising.
  let ticks: Int64
  let isKey: Bool
  /// The stream broke off before it.
  let isBreak: Bool
  /// When it was captured.
  let wall: WallTime
  private let packet: Packet

  /// - Parameter taking: a packet whose content goes over to the picture.
  init(
    taking source: UnsafeMutablePointer<AVPacket>, isBreak: Bool, wall: WallTime
  ) throws(PipelineError) {
    packet = try Packet()
    // SAFETY: both packets are alive; the content is moved, and the source is left empty.
    unsafe packet.withHandle { unsafe av_packet_move_ref($0, source) }
    ticks = packet.key ?? 0
    isKey = packet.isKey
    (self.isBreak, self.wall) = (isBreak, wall)
  }

  /// The H.264 data with start codes, valid during `body` only.
  func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result { packet.withBytes(body) }

  /// Gives a packet of its own to a muxer's call, with these times.
  ///
  /// - Parameters: in units of `base`.
  func withPacket<Result>(
    ticks: Int64, duration: Int64, in base: AVRational, _ body: (UnsafeMutablePointer<AVPacket>) -> Result
  ) -> Result {
    unsafe packet.withHandle { handle in
      let own = AVRational(num: 1, den: VideoEncoder.ticksPerSecond)
      unsafe handle.pointee.stream_index = 0
      unsafe handle.pointee.pts = av_rescale_q(ticks, own, base)
      unsafe handle.pointee.dts = handle.pointee.pts
      unsafe handle.pointee.duration = av_rescale_q(duration, own, base)
      return unsafe body(handle)
    }
  }
}
