/// Bytes as `%` and two digits (RFC 3986, section 2.1).
package enum PercentEncoding {
  package static func escape(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.utf8.count == 1 ? "%0" + digits : "%" + digits
  }

  /// - Parameter isKept: whether a byte of the text may stand as it is; asked for ASCII only.
  package static func text(_ text: String, keeping isKept: (UInt8) -> Bool) -> String {
    var result = ""
    for byte in text.utf8 {
      if byte < 0x80, isKept(byte) {
        result.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        result += escape(byte)
      }
    }
    return result
  }

  /// What RFC 3986 calls unreserved: letters, digits, `-`, `.`, `_` and `~`.
  package static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: "-._~".utf8.contains(byte)
    }
  }
}
