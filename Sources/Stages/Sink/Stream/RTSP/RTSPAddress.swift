import EdgepipeCore
import Foundation

/// The parts of an `rtsp` or `rtsps` address.
struct RTSPAddress: Sendable, Hashable {
  /// An IPv6 address with its brackets.
  let host: String
  let port: Int
  let user: String?
  let password: String?
  /// What requests name: without user and password.
  let url: String
  /// As it was given, with its secrets: to take them out of what servers say.
  private let text: String

  /// - Parameter text: an address that ``AddressCheck`` has found good.
  init(_ text: String) {
    self.text = text
    let scheme = text.prefix { $0 != ":" }
    // Bytes, not characters: a combining mark behind an '@' must not hide the '@'.
    let rest = Array(text.utf8.dropFirst(scheme.utf8.count + 3)).prefix { $0 != UInt8(ascii: "#") }
    let end = rest.firstIndex { "/?".utf8.contains($0) } ?? rest.endIndex
    let at = rest[..<end].lastIndex(of: UInt8(ascii: "@"))
    func string(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
    func decoded(_ bytes: ArraySlice<UInt8>) -> String { string(bytes).removingPercentEncoding ?? string(bytes) }
    if let at {
      let info = rest[..<at], colon = info.firstIndex(of: UInt8(ascii: ":"))
      user = decoded(info[..<(colon ?? info.endIndex)])
      password = colon.map { decoded(info[($0 + 1)...]) } ?? ""
    } else {
      (user, password) = (nil, nil)
    }
    let place = rest[(at.map { $0 + 1 } ?? rest.startIndex)..<end]
    let usual = scheme.lowercased() == "rtsps" ? 322 : 554
    // The last colon, unless it is inside the brackets of an IPv6 address.
    let colon = place.lastIndex(of: UInt8(ascii: ":")).flatMap { place[$0...].contains(UInt8(ascii: "]")) ? nil : $0 }
    port = colon.flatMap { Int(string(place[($0 + 1)...])) } ?? usual
    host = string(place[..<(colon ?? place.endIndex)])
    url = "\(scheme.lowercased())://\(string(place))\(string(rest[end...]))"
  }

  /// A server's own words, without secrets and without what does not belong on a terminal.
  func scrubbed(_ words: String) -> String {
    let plain = words.unicodeScalars.filter { (0x20...0x7E).contains($0.value) }
    return String(URLRedaction.scrub(String(String.UnicodeScalarView(plain)), of: text).prefix(80))
  }
}
