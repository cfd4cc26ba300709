/// The text of files that people write with whatever editor they have: with or without a byte-order mark, with lines
/// that end in LF, CR LF or CR, and in UTF-16 where a Windows program wrote them.
package enum TextFile {
  private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// The same text as UTF-8 without a byte-order mark. Bytes that are no UTF-8 stay as they are: they may name a file.
  package static func utf8(_ bytes: [UInt8]) -> [UInt8] {
    if bytes.starts(with: mark) { return Array(bytes.dropFirst(mark.count)) }
    return isUTF16(bytes) ? utf8(fromUTF16: bytes) : bytes
  }

  /// The lines, the empty ones too, so that a line's number is its index and one.
  package static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    let text = utf8(bytes)
    var lines: [ArraySlice<UInt8>] = []
    var start = 0, at = 0
    while at < text.count {
      let byte = text[at]
      at += 1
      guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else { continue }
      lines.append(text[start..<(at - 1)])
      if byte == UInt8(ascii: "\r"), at < text.count, text[at] == UInt8(ascii: "\n") { at += 1 }
      start = at
    }
    lines.append(text[start...])
    return lines
  }

  /// Whether the text begins with the byte-order mark of UTF-16, which no UTF-8 text can.
  static func isUTF16(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
  }

  private static func utf8(fromUTF16 bytes: [UInt8]) -> [UInt8] {
    let isLittle = bytes.first == 0xFF
    let units = stride(from: 2, to: bytes.count - 1, by: 2).map { index -> UInt16 in
      let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
      return isLittle ? second << 8 | first : first << 8 | second
    }
    return Array(String(decoding: units, as: UTF16.self).utf8)
  }
}
