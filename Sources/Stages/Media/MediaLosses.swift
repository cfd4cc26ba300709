import CFFmpeg

/// What FFmpeg noticed as missing on the calling thread, which it tells to nobody but its log.
struct MediaLosses {
  /// RTP packets that never came.
  var packets: Int
  /// RTP packets that came twice and were both taken.
  var repeated: Int
  /// Pictures that others refer to and that never came.
  var references: Int
  /// Pictures whose file was at its end before all rows had come.
  var rows: Int
  /// In pixels, of a picture that was refused for its size.
  var refusedSize: (width: Int, height: Int)?

  /// The calling thread's losses since the last call.
  static func take() -> MediaLosses {
    let losses = ep_take_losses()
    return MediaLosses(
      packets: Int(losses.packets), repeated: Int(losses.repeated), references: Int(losses.references),
      rows: Int(losses.rows),
      refusedSize: losses.width > 0 ? (Int(losses.width), Int(losses.height)) : nil)
  }
}
