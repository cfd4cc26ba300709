import CFFmpeg
import Foundation

/// A user and a password, and what a server wants to see of them (RFC 7617, RFC 2069 and 7616 with MD5).
struct RTSPCredentials: Sendable {
  let user: String
  let password: String

  enum Challenge: Sendable, Hashable {
    case basic
    case digest(realm: String, nonce: String, opaque: String?, hasQuality: Bool)
  }

  /// The strongest of a server's `WWW-Authenticate` fields that is known here; nil for none.
  static func challenge(in fields: [String]) -> Challenge? {
    let digests = fields.filter { $0.lowercased().hasPrefix("digest ") }.map { parameters(of: $0.dropFirst(7)) }
    if let digest = digests.first(where: { ($0["algorithm"] ?? "MD5").uppercased() == "MD5" }),
      let realm = digest["realm"], let nonce = digest["nonce"]
    {
      let isAuth = digest["qop"].map { $0.split { ", ".contains($0) }.contains("auth") } ?? false
      return .digest(realm: realm, nonce: nonce, opaque: digest["opaque"], hasQuality: isAuth)
    }
    return fields.contains { $0.lowercased().hasPrefix("basic") } ? .basic : nil
  }

  /// The value of `Authorization` for a request.
  ///
  /// - Parameter count: of the requests with this challenge, from 1.
  func authorization(_ challenge: Challenge, method: String, url: String, count: Int) -> String {
    switch challenge {
    case .basic: return "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
    case .digest(let realm, let nonce, let opaque, let hasQuality):
      let first = Self.md5("\(user):\(realm):\(password)"), second = Self.md5("\(method):\(url)")
      var parts = ["username=\"\(user)\"", "realm=\"\(realm)\"", "nonce=\"\(nonce)\"", "uri=\"\(url)\""]
      if hasQuality {
        let number = String(UInt32(truncatingIfNeeded: count), radix: 16)
        let padded = String(repeating: "0", count: 8 - number.count) + number
        let own = String(UInt64.random(in: 0 ... .max), radix: 16)
        parts += ["qop=auth", "nc=\(padded)", "cnonce=\"\(own)\""]
        parts.append("response=\"\(Self.md5("\(first):\(nonce):\(padded):\(own):auth:\(second)"))\"")
      } else {
        parts.append("response=\"\(Self.md5("\(first):\(nonce):\(second)"))\"")
      }
      if let opaque { parts.append("opaque=\"\(opaque)\"") }
      return "Digest " + parts.joined(separator: ", ")
    }
  }

  static func md5(_ text: String) -> String {
    var digest = [UInt8](repeating: 0, count: 16)
    let bytes = Array(text.utf8)
    // SAFETY: the call reads `count` bytes and writes 16.
    unsafe digest.withUnsafeMutableBufferPointer { digest in
      unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe av_md5_sum(digest.baseAddress, bytes.baseAddress, bytes.count)
      }
    }
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// `name="value"` or `name=value`, parted by commas.
  private static func parameters(of text: Substring) -> [String: String] {
    var found: [String: String] = [:]
    var rest = text
    while let equals = rest.firstIndex(of: "=") {
      let name = rest[..<equals].filter { $0 != "," && $0 != " " }.lowercased()
      rest = rest[rest.index(after: equals)...]
      let isQuoted = rest.first == "\""
      if isQuoted { rest = rest.dropFirst() }
      let value = rest.prefix { isQuoted ? $0 != "\"" : $0 != "," }
      found[name] = String(value)
      rest = rest[value.endIndex...].dropFirst()
    }
    return found
  }
}
