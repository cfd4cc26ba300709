/// The chunks of a WebP file (RFC 9649).
enum WebPFile {
  static func facts(_ bytes: Span<UInt8>) -> StillFacts {
    var facts = StillFacts()
    guard let size = bytes.little32(4), size + 8 <= bytes.count else { return .endsEarly }
    let end = size + 8
    var at = 12
    while at <= end - 8, let length = bytes.little32(at + 4) {
      let data = at + 8
      guard data + length <= end else { return .endsEarly }
      if bytes.has("EXIF", at: at) { facts.orientation = TIFFHeader.exifOrientation(bytes, at: data) }
      at = data + length + length % 2
    }
    return facts
  }

  /// Whether it moves.
  static func isAnimated(_ bytes: Span<UInt8>) -> Bool {
    bytes.has("VP8X", at: 12) && (bytes.byte(20) ?? 0) & 2 != 0
  }
}
