import Foundation

/// Finds the values in a URL that are named like secrets, in its query and in its path: `?pwd=…`,
/// `/user=admin&password=…&channel=1`, `/user=admin_password=…_channel=1`, `/token/…`.
///
/// Where a value may end at several places, the last one counts: a password may hold what parts other values.
struct SecretValues {
  private let bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  /// In rising order of their beginnings.
  var ranges: [Range<Int>] { named + pathParts + nested + streamID }

  // MARK: - name=value

  /// What a name cannot hold; `_`, `-` and `.` are parts of names, and may be parts of a value before one.
  private static let beforeNames = Set("/&?;#,=:@!|\"'{}[]() ".utf8)

  private var named: [Range<Int>] {
    var found: [Range<Int>] = []
    var start = bytes.startIndex, isAfterValue = false, index = bytes.startIndex
    while index < bytes.endIndex {
      if let next = sign("=", encoded: "3D", at: index) {
        let name = decoded(start..<index)
        if isAfterValue ? SecretNames.endsWithOne(name) : SecretNames.contains(name) {
          let end = valueEnd(from: next)
          found.append(next..<end)
          (index, start, isAfterValue) = (end, end, false)
        } else {
          (index, start, isAfterValue) = (next, next, true)
        }
      } else if let next = sign("&", encoded: "26", at: index) {
        (index, start, isAfterValue) = (next, next, false)
      } else {
        if Self.beforeNames.contains(bytes[index]) { (start, isAfterValue) = (index + 1, false) }
        index += 1
      }
    }
    return found
  }

  /// The first place at which another value begins, else the end.
  private func valueEnd(from start: Int) -> Int {
    var index = start
    while index < bytes.endIndex {
      if let next = sign("&", encoded: "26", at: index) {
        if nameBeforeEquals(from: next) != nil { return index }
        index = next
      } else {
        if "_/?;,".utf8.contains(bytes[index]), let name = nameBeforeEquals(from: index + 1), SecretNames.isPlain(name)
        {
          return index
        }
        index += 1
      }
    }
    return bytes.endIndex
  }

  /// The name of the value that begins at `start`, if one does.
  private func nameBeforeEquals(from start: Int) -> String? {
    let end = bytes[start...].firstIndex { byte in
      !(byte.isLetter || byte.isDigit || "_-.".utf8.contains(byte))
    }
    guard let end, end > start, sign("=", encoded: "3D", at: end) != nil else { return nil }
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  /// Where the text goes on behind `sign`, plain or percent-encoded; nil where it does not stand at `index`.
  private func sign(_ sign: Unicode.Scalar, encoded: String, at index: Int) -> Int? {
    if bytes[index] == UInt8(ascii: sign) { return index + 1 }
    guard bytes[index] == UInt8(ascii: "%"), bytes.endIndex - index >= 3 else { return nil }
    return bytes[index + 1..<index + 3].elementsEqual(encoded.utf8) { $0 & 0xDF == $1 & 0xDF } ? index + 3 : nil
  }

  private func decoded(_ range: Range<Int>) -> String {
    let text = String(decoding: bytes[range], as: UTF8.self)
    return text.removingPercentEncoding ?? text
  }

  // MARK: - Other places

  /// The part of a path behind one that is called like a secret: `/token/abc/live`, `/token:abc/live`.
  private var pathParts: [Range<Int>] {
    guard let path = bytes.firstIndex(of: UInt8(ascii: "/")) else { return [] }
    let parts = bytes[path...].split(separator: UInt8(ascii: "/"))
    var found: [Range<Int>] = []
    for (index, part) in parts.enumerated() {
      if SecretNames.isPathWord(decoded(part.indices)), index + 1 < parts.count {
        found.append(parts[index + 1].indices)
      }
      if let colon = part.firstIndex(of: UInt8(ascii: ":")), SecretNames.isPathWord(decoded(part.startIndex..<colon)) {
        found.append(colon + 1..<part.endIndex)
      }
    }
    return found
  }

  /// Values that are URLs with secrets of their own, percent-encoded: `?src=rtsp%3A%2F%2Fuser%3Asecret%40host`.
  private var nested: [Range<Int>] {
    var found: [Range<Int>] = []
    for part in bytes.split(whereSeparator: { "&/?=".utf8.contains($0) }) where part.contains(UInt8(ascii: "%")) {
      let text = decoded(part.indices)
      if text.contains("://"), text.utf8.count < part.count, URLRedaction.redact(text) != text {
        found.append(part.indices)
      }
    }
    return found
  }

  /// SRT's `streamid=read:path:user:password`.
  private var streamID: [Range<Int>] {
    let name = Array("streamid=".utf8)
    guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: name) }) else { return [] }
    let value = bytes[(start + name.count)...].prefix { $0 != UInt8(ascii: "&") }
    let colons = value.indices.filter { value[$0] == UInt8(ascii: ":") }
    return colons.count >= 3 ? [colons[2] + 1..<value.endIndex] : []
  }
}

extension UInt8 {
  var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
  var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
