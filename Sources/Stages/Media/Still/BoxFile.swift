/// The outermost boxes of an ISO base media file (ISO 14496-12): HEIC, AVIF, JPEG 2000 and JPEG XL.
enum BoxFile {
  static func isWhole(_ bytes: Span<UInt8>) -> Bool {
    var at = 0
    while at < bytes.count {
      guard let box = box(bytes, at), box.end <= bytes.count else { return false }
      at = box.end
    }
    return at > 0
  }

  /// Where a box's content begins, and where it ends as its header says.
  static func box(_ bytes: Span<UInt8>, _ at: Int) -> (content: Int, end: Int)? {
    guard let size = bytes.big32(at), bytes.big32(at + 4) != nil else { return nil }
    switch size {
    case 0: return (at + 8, bytes.count)
    case 1:
      // Sizes of more than 2^55 bytes are none.
      guard bytes.byte(at + 8) == 0, let long = bytes.number(at + 9, 7, isBig: true), long >= 16, long <= 1 << 54 else {
        return nil
      }
      return (at + 16, at + long)
    case 8...: return (at + 8, at + size)
    default: return nil
    }
  }
}
