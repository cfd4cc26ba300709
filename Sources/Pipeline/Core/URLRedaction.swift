import Foundation

/// Takes the secrets out of URLs before they are shown, logged or written.
///
/// Where a URL can be read in two ways, the reading that hides more wins: a password typed with an unescaped `/`, `#`
/// or `@` must not appear in the very message that complains about it. File paths stay as they are.
public enum URLRedaction {
  /// What stands in place of a secret.
  public static let mask = "***"

  /// The URL without its password and without the values of query items that are named like secrets (`password`,
  /// `pwd`, `token`, `key`, `secret` and their like): `rtsp://user:***@host/path?token=***`.
  public static func redact(_ url: String) -> String {
    // Bytes, not characters: a combining mark behind an '@' must not hide the '@'.
    let bytes = Array(url.utf8)
    guard let start = authorityStart(bytes) else { return url }
    var result = bytes
    for range in merged(secretRanges(bytes[start...])).reversed() { result.replaceSubrange(range, with: mask.utf8) }
    return String(decoding: result, as: UTF8.self)
  }

  /// `text` with every secret of `url` masked: for messages of libraries that quote the URL.
  public static func scrub(_ text: String, of url: String) -> String {
    var text = text
    let redacted = redact(url)
    guard redacted != url else { return text }
    text = text.replacing(url, with: redacted)
    for secret in secrets(of: url) where !secret.isEmpty { text = text.replacing(secret, with: mask) }
    return text
  }

  /// The parts of `url` that `redact` takes out, longest first.
  static func secrets(of url: String) -> [String] {
    let bytes = Array(url.utf8)
    guard let start = authorityStart(bytes) else { return [] }
    var found = secretRanges(bytes[start...]).map { String(decoding: bytes[$0], as: UTF8.self) }
    found += found.compactMap(\.removingPercentEncoding)
    return Set(found).subtracting(["", mask]).sorted { $0.utf8.count > $1.utf8.count }
  }

  // MARK: - Parsing

  /// Where user name, host and the rest begin; nil for what is a file path.
  private static func authorityStart(_ bytes: [UInt8]) -> Int? {
    if let colon = bytes.firstIndex(of: .colon), bytes[colon...].starts(with: "://".utf8), isScheme(bytes[..<colon]) {
      // A file URL has no user; a colon or an '@' in it belongs to the path.
      return bytes[..<colon].map { $0 | 0x20 }.elementsEqual("file".utf8) ? nil : colon + 3
    }
    if bytes.starts(with: "//".utf8) { return 2 }
    // Without a scheme: a slash before any colon makes it a path, as in `dir/a:b@c.mp4`, unless a query follows.
    let firstSlash = bytes.firstIndex(of: .slash) ?? bytes.endIndex
    let firstColon = bytes.firstIndex(of: .colon) ?? bytes.endIndex
    if firstColon < firstSlash { return 0 }
    let isPath = firstSlash == 0 || bytes.first == .dot
    return !isPath && bytes.contains(.question) ? 0 : nil
  }

  private static func isScheme(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard let first = bytes.first, first.isLetter else { return false }
    return bytes.allSatisfy { $0.isLetter || $0.isDigit || "+-.".utf8.contains($0) }
  }

  /// From the first colon to the last '@': a password may hold any of `/ ? # : @` although it should not. A bracketed
  /// address in front is a host, so that its colons mean nothing.
  private static func passwordRange(_ rest: ArraySlice<UInt8>) -> Range<Int>? {
    if rest.first == .openBracket, let close = rest.firstIndex(of: .closeBracket),
      rest[rest.startIndex..<close].dropFirst().allSatisfy({ $0.isHexDigit || $0 == .colon || $0 == .dot })
    {
      return nil
    }
    guard let at = rest.lastIndex(of: .at), let colon = rest.firstIndex(of: .colon), colon < at else { return nil }
    return colon + 1..<at
  }

  /// The password and the secret query items; they overlap where the URL can be read in two ways.
  private static func secretRanges(_ rest: ArraySlice<UInt8>) -> [Range<Int>] {
    (passwordRange(rest).map { [$0] } ?? []) + secretValues(rest)
  }

  /// In rising order; what overlaps becomes one.
  private static func merged(_ ranges: [Range<Int>]) -> [Range<Int>] {
    ranges.sorted { $0.lowerBound < $1.lowerBound }.reduce(into: []) { result, range in
      if let last = result.last, range.lowerBound <= last.upperBound {
        result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
  }

  /// The values of the query items that are named like secrets. Items end at '&'; within one, a name may also begin
  /// behind `; ? #`, which some cameras use, and a secret reaches to the item's end, whatever it holds.
  private static func secretValues(_ rest: ArraySlice<UInt8>) -> [Range<Int>] {
    guard let query = rest.firstIndex(of: .question) else { return [] }
    var found: [Range<Int>] = []
    for item in rest[(query + 1)...].split(separator: .ampersand) {
      var name = item.startIndex
      for index in item.indices {
        if item[index] == .equals {
          if isSecretName(item[name..<index]) {
            found.append(index + 1..<item.endIndex)
            break
          }
        } else if ";?#".utf8.contains(item[index]) {
          name = index + 1
        }
      }
    }
    return found
  }

  private static let secretWords: Set<String> = [
    "password", "passwd", "passphrase", "pass", "pwd", "psw", "token", "key", "secret", "auth", "apikey", "sig",
    "signature", "credential", "credentials",
  ]

  /// `token`, but also `access_token`, `apiKey` and `X-Amz-Signature`.
  private static func isSecretName(_ bytes: ArraySlice<UInt8>) -> Bool {
    let raw = String(decoding: bytes, as: UTF8.self)
    return namesSecret(raw.removingPercentEncoding ?? raw)
  }

  /// Whether what is called `name` is one.
  static func namesSecret(_ name: String) -> Bool {
    if secretWords.contains(name.lowercased()) { return true }
    var words: [String] = []
    var word = ""
    var lastWasLower = false
    for scalar in name.unicodeScalars {
      let isUpper = scalar.properties.isUppercase
      if !scalar.properties.isAlphabetic || (isUpper && lastWasLower) {
        words.append(word)
        word = ""
      }
      if scalar.properties.isAlphabetic { word.unicodeScalars.append(scalar) }
      lastWasLower = !isUpper
    }
    words.append(word)
    return words.contains { secretWords.contains($0.lowercased()) }
  }
}

extension UInt8 {
  fileprivate static let colon = UInt8(ascii: ":"), slash = UInt8(ascii: "/"), at = UInt8(ascii: "@")
  fileprivate static let question = UInt8(ascii: "?"), ampersand = UInt8(ascii: "&"), equals = UInt8(ascii: "=")
  fileprivate static let openBracket = UInt8(ascii: "["), closeBracket = UInt8(ascii: "]"), dot = UInt8(ascii: ".")

  fileprivate var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
  fileprivate var isHexDigit: Bool { isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self | 0x20) }
}
