/// The rows of a BMP file, or their run-length codes, of which FFmpeg takes what there is.
enum BMPFile {
  static func isWhole(_ bytes: Span<UInt8>) -> Bool {
    guard let start = bytes.little32(10), let header = bytes.little32(14) else { return false }
    guard header >= 40, let compression = bytes.little32(30), compression == 1 || compression == 2 else {
      let isOld = header == 12
      guard let width = isOld ? bytes.little16(18) : bytes.little32(18),
        let stored = isOld ? bytes.little16(20) : bytes.little32(22), let bits = bytes.little16(isOld ? 24 : 28),
        bits <= 64
      else { return false }
      // Negative heights begin at the top. The padding of the last row may be missing.
      let height = stored < 1 << 31 ? stored : (1 << 32) - stored
      guard width < 1 << 24, height < 1 << 24 else { return true }
      let row = (width * bits + 7) / 8
      return start + (row + 3) / 4 * 4 * max(0, height - 1) + row <= bytes.count || start + row * height == bytes.count
    }
    var at = start
    while let count = bytes.byte(at), let value = bytes.byte(at + 1) {
      at += 2
      guard count == 0 else { continue }
      switch value {
      case 0: break
      case 1: return true
      case 2: at += 2
      default:
        let length = compression == 1 ? value : (value + 1) / 2
        at += length + length % 2
      }
    }
    return false
  }
}
