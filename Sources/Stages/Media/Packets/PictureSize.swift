import CFFmpeg

/// Finds the size of the pictures in what is compressed: an RTSP server does not say it, and files must.
enum PictureSize {
  /// - Parameter packet: a key frame.
  /// - Returns: in pixels; nil where it does not show without decoding.
  static func find(_ packet: Packet, _ track: TrackParameters) -> (width: Int, height: Int)? {
    guard let parser = unsafe av_parser_init(Int32(bitPattern: track.codec.rawValue)) else { return nil }
    defer { unsafe av_parser_close(parser) }
    var context = unsafe avcodec_alloc_context3(nil)
    defer { unsafe avcodec_free_context(&context) }
    guard let opened = unsafe context,
      unsafe track.withParameters({ unsafe avcodec_parameters_to_context(opened, $0) }) >= 0
    else { return nil }
    unsafe parser.pointee.flags |= PARSER_FLAG_COMPLETE_FRAMES
    // SAFETY: the packet's bytes are padded and outlive the call; what it gives back points into them and is not used.
    unsafe packet.withHandle { handle in
      var data: UnsafeMutablePointer<UInt8>?, size: Int32 = 0
      _ = unsafe av_parser_parse2(
        parser, opened, &data, &size, handle.pointee.data, handle.pointee.size, ep_nopts(), ep_nopts(), 0)
    }
    let (width, height) = unsafe (Int(parser.pointee.width), Int(parser.pointee.height))
    return width > 0 && height > 0 ? (width, height) : nil
  }
}
