/// The run-length codes of a PCX file.
enum PCXFile {
  static func isWhole(_ bytes: Span<UInt8>) -> Bool {
    guard let encoding = bytes.byte(2), let top = bytes.little16(6), let bottom = bytes.little16(10),
      let planes = bytes.byte(65), let line = bytes.little16(66)
    else { return false }
    let total = max(0, bottom - top + 1) * planes * line
    if encoding == 0 { return bytes.count >= 128 + total }
    var left = total, at = 128
    while left > 0, let code = bytes.byte(at) {
      at += code >= 0xC0 ? 2 : 1
      left -= code >= 0xC0 ? code - 0xC0 : 1
    }
    return left <= 0 && at <= bytes.count
  }
}
