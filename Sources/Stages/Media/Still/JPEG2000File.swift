/// The parts of a JPEG 2000 codestream (ISO 15444-1), in boxes or alone.
enum JPEG2000File {
  static func isWhole(_ bytes: Span<UInt8>) -> Bool {
    if bytes.big32(0) == 0xFF4F_FF51 { return isWhole(bytes, from: 0, to: bytes.count) }
    var at = 0
    while at < bytes.count, let box = BoxFile.box(bytes, at) {
      guard box.end <= bytes.count else { return false }
      if bytes.has("jp2c", at: at + 4) { return isWhole(bytes, from: box.content, to: box.end) }
      at = box.end
    }
    return false
  }

  private static func isWhole(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Bool {
    var at = start + 2
    while at < end, let marker = bytes.big16(at) {
      switch marker {
      // The end of the codestream.
      case 0xFFD9: return at + 2 <= end
      // A part of a tile, which says how long it is; 0 is up to the end of the codestream.
      case 0xFF90:
        guard let length = bytes.big32(at + 6) else { return false }
        if length == 0 { return bytes.big16(end - 2) == 0xFFD9 }
        guard length >= 14 else { return false }
        at += length
      default:
        guard marker >= 0xFF00, let length = bytes.big16(at + 2), length >= 2 else { return false }
        at += 2 + length
      }
    }
    return false
  }
}
