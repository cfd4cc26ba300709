import CFFmpeg
import EdgepipeCore

/// One compressed packet, used again for each read: owns one AVPacket.
@safe final class Packet {
  private var handle: UnsafeMutablePointer<AVPacket>
  fileprivate(set) var timeBase = AVRational(num: 1, den: 1)

  init() throws(PipelineError) {
    guard let packet = unsafe av_packet_alloc() else { throw .outOfMemory("a packet") }
    unsafe handle = packet
  }

  deinit {
    // SAFETY: allocated in init, freed here alone.
    var packet: UnsafeMutablePointer<AVPacket>? = unsafe handle
    unsafe av_packet_free(&packet)
  }

  /// What ties a packet to the picture decoded from it: the presentation time stamp, else the decoding time stamp.
  var key: Int64? {
    let pts = unsafe handle.pointee.pts, dts = unsafe handle.pointee.dts
    return pts != ep_nopts() ? pts : dts != ep_nopts() ? dts : nil
  }

  /// When the packet is due for decoding, on the stream's own clock; for pacing.
  var decodingTime: MediaTime? {
    let pts = unsafe handle.pointee.pts, dts = unsafe handle.pointee.dts
    return MediaTime(timestamp: dts != ep_nopts() ? dts : pts, timeBase: timeBase)
  }

  /// On the stream's own clock; nil where the packet has none.
  var presentationStamp: Int64? {
    let pts = unsafe handle.pointee.pts
    return pts != ep_nopts() ? pts : nil
  }

  /// The compressed data; the pointer is valid during `body` only.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    let size = unsafe Int(handle.pointee.size), data = unsafe handle.pointee.data
    // SAFETY: the packet holds `size` bytes at `data`, or none.
    return unsafe body(UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : max(0, size)))
  }

  /// Pictures from here on build on nothing before it.
  var isKey: Bool { unsafe handle.pointee.flags & AV_PKT_FLAG_KEY != 0 }

  /// The demuxer knows that bytes are missing or wrong.
  var isCorrupt: Bool { unsafe handle.pointee.flags & AV_PKT_FLAG_CORRUPT != 0 }

  /// The pointer is valid during `body` only.
  func withHandle<Result>(_ body: (UnsafeMutablePointer<AVPacket>) -> Result) -> Result {
    // SAFETY: `handle` lives as long as `self`, which is alive during the call.
    unsafe body(handle)
  }

  /// The compressed bytes, valid during `body` only.
  func withBytes<Result>(_ body: (Swift.Span<UInt8>) -> Result) -> Result {
    // SAFETY: the packet holds `size` bytes at `data`, or none, and nobody changes them meanwhile.
    let buffer = unsafe UnsafeBufferPointer(
      start: handle.pointee.data, count: handle.pointee.data == nil ? 0 : Int(max(0, handle.pointee.size)))
    return body(unsafe buffer.span)
  }

  func setTimeBase(_ base: AVRational) { timeBase = base }
}

extension MediaTime {
  /// FFmpeg's time stamp on the stream's own clock, or nil when it is missing.
  init?(timestamp: Int64, timeBase: AVRational) {
    guard timestamp != ep_nopts(), timeBase.num > 0, timeBase.den > 0 else { return nil }
    self.init(nanoseconds: av_rescale_q(timestamp, timeBase, AVRational(num: 1, den: 1_000_000_000)))
  }
}

extension PipelineError {
  /// For the allocations of the C libraries, which report a null pointer.
  static func outOfMemory(_ what: String) -> PipelineError {
    PipelineError("cannot allocate memory for \(what)", code: .internalFault)
  }
}
