import CFFmpeg
import EdgepipeCore

/// A compressed packet that nobody changes: owns one AVPacket that refers to the demuxer's bytes. Nothing is copied.
@safe final class SharedPacket: @unchecked Sendable {
  // SAFETY (@unchecked Sendable): set in init and only read from then on; FFmpeg counts references atomically.
  private let handle: UnsafeMutablePointer<AVPacket>
  /// What it takes in memory.
  let bytes: Int

  /// What a packet takes beside its data.
  private static let overhead = 256

  /// - Returns: nil where memory is lacking.
  init?(_ packet: Packet) {
    // SAFETY: the clone has references of its own to the packet's buffers.
    guard let clone = unsafe packet.withHandle({ unsafe av_packet_clone($0) }) else { return nil }
    unsafe handle = clone
    unsafe bytes = Int(clone.pointee.size) + Self.overhead
  }

  deinit {
    // SAFETY: allocated in init, freed here alone.
    var packet: UnsafeMutablePointer<AVPacket>? = unsafe handle
    unsafe av_packet_free(&packet)
  }

  /// The pointer is valid during `body` only, which must not change what it points to.
  func withHandle<Result>(_ body: (UnsafePointer<AVPacket>) throws -> Result) rethrows -> Result {
    // SAFETY: `handle` lives as long as `self`, which is alive during the call.
    try unsafe body(handle)
  }

  /// The compressed bytes, valid during `body` only.
  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    // SAFETY: the packet holds `size` bytes at `data`, or none.
    unsafe body(
      UnsafeRawBufferPointer(
        start: handle.pointee.data, count: handle.pointee.data == nil ? 0 : Int(max(0, handle.pointee.size))))
  }
}
