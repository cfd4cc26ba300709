import Foundation

/// Takes the secrets out of URLs before they are shown, logged or written.
///
/// Where a URL can be read in two ways, the reading that hides more wins: a password typed with an unescaped `/`, `#`
/// or `@` must not appear in the very message that complains about it. File paths stay as they are.
public enum URLRedaction {
  /// What stands in place of a secret.
  public static let mask = "***"

  /// The URL without its password and without the values, in query and path, that are named like secrets (`password`,
  /// `pwd`, `loginpas`, `token`, `key` and their like): `rtsp://user:***@host/path?token=***`.
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
    for secret in secrets(of: url) {
      // A few letters stand in half of all words and addresses: those are masked where they can only be the secret.
      text =
        secret.utf8.count < shortestWord
        ? text.replacing(":\(secret)@", with: ":\(mask)@").replacing("=\(secret)", with: "=\(mask)")
        : text.replacing(secret, with: mask)
    }
    return text
  }

  /// Shorter secrets are not looked for by themselves.
  private static let shortestWord = 4

  /// The parts of `url` that `redact` takes out, longest first.
  static func secrets(of url: String) -> [String] {
    let bytes = Array(url.utf8)
    guard let start = authorityStart(bytes) else { return [] }
    var found = secretRanges(bytes[start...]).map { String(decoding: bytes[$0], as: UTF8.self) }
    // A text that quotes a part of the URL may see its end elsewhere than `redact` does.
    found += found.flatMap { $0.split { "/?&;,".contains($0) }.map(String.init) }.filter {
      $0.utf8.count >= shortestWord
    }
    let decoded = found.compactMap(\.removingPercentEncoding)
    found += decoded + decoded.filter { $0.contains("://") && $0 != url }.flatMap(secrets)
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

  /// The password and the values that are named like secrets; they overlap where the URL can be read in two ways.
  private static func secretRanges(_ rest: ArraySlice<UInt8>) -> [Range<Int>] {
    (passwordRange(rest).map { [$0] } ?? []) + SecretValues(rest).ranges
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
}

extension UInt8 {
  fileprivate static let colon = UInt8(ascii: ":"), slash = UInt8(ascii: "/"), at = UInt8(ascii: "@")
  fileprivate static let question = UInt8(ascii: "?")
  fileprivate static let openBracket = UInt8(ascii: "["), closeBracket = UInt8(ascii: "]"), dot = UInt8(ascii: ".")

  fileprivate var isHexDigit: Bool { isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self | 0x20) }
}
