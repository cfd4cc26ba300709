import CFFmpeg

/// What FFmpeg noticed as missing on the calling thread, which it tells to nobody but its log.
struct MediaLosses {
  /// RTP packets that never came.
  var packets: Int
  /// RTP packets that came twice and were both taken.
  var repeated: Int
  /// Pictures that others refer to and that never came.
  var references: Int

  /// The calling thread's losses since the last call.
  static func take() -> MediaLosses {
    let losses = ep_take_losses()
    return MediaLosses(
      packets: Int(losses.packets), repeated: Int(losses.repeated), references: Int(losses.references))
  }
}
