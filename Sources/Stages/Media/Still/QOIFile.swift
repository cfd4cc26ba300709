/// The pixels of a QOI file ("quite OK image format").
enum QOIFile {
  static func isWhole(_ bytes: Span<UInt8>) -> Bool {
    guard let width = bytes.big32(4), let height = bytes.big32(8), width < 1 << 24, height < 1 << 24 else {
      return false
    }
    var left = width * height, at = 14
    while left > 0, let code = bytes.byte(at) {
      switch code {
      case 0xFE: at += 4
      case 0xFF: at += 5
      case 0x80...0xBF: at += 2
      default: at += 1
      }
      left -= code >= 0xC0 && code < 0xFE ? code - 0xC0 + 1 : 1
    }
    // Seven zeros and a one mark the end.
    return left <= 0 && bytes.big32(at) == 0 && bytes.big32(at + 4) == 1
  }
}
